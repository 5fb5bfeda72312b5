"""Addresses of imports: the hooks that machines call, and the page for people."""

from django.urls import path

from orders.imports import views

app_name = "imports"

urlpatterns = [
    path("hooks/woocommerce/<slug:shop>", views.woocommerce_hook, name="woocommerce"),
    path("hooks/woocommerce/<slug:shop>/", views.woocommerce_hook),
    path("imports/", views.imports, name="list"),
    path("imports/<int:delivery_id>/", views.delivery, name="delivery"),
    path("imports/<int:delivery_id>/retry/", views.retry, name="retry"),
]
