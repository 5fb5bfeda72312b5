"""Addresses of the Messages page."""

from django.urls import path

from notifications import views

app_name = "notifications"

urlpatterns = [
    path("messages/", views.message_list, name="messages"),
    path("messages/<uuid:message_id>/", views.message, name="message"),
    path("messages/<uuid:message_id>/html/", views.message_html, name="message_html"),
    path("messages/<uuid:message_id>/resend/", views.resend, name="resend"),
]
