"""Addresses of the Messages page, and of the doors for providers."""

from django.urls import path

from notifications import hooks, mail_hook, views

app_name = "notifications"

urlpatterns = [
    path("hooks/email/<slug:provider>/", mail_hook.mail_hook, name="mail_hook"),
    path("hooks/sms/<str:secret>/report", hooks.sms_report, name="sms_report"),
    path("hooks/sms/<str:secret>/reply", hooks.sms_reply, name="sms_reply"),
    path("messages/", views.message_list, name="messages"),
    path("messages/<uuid:message_id>/", views.message, name="message"),
    path("messages/<uuid:message_id>/html/", views.message_html, name="message_html"),
    path("messages/<uuid:message_id>/resend/", views.resend, name="resend"),
    path("messages/<uuid:message_id>/skip/", views.skip, name="skip"),
    path("messages/<uuid:message_id>/now/", views.hurry, name="hurry"),
    path("messages/<uuid:message_id>/arrived/", views.arrived, name="arrived"),
    path("messages/order/<int:order_id>/", views.standing, name="standing"),
    path("messages/order/<int:order_id>/write/", views.write, name="write"),
]
