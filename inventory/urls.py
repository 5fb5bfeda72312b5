"""Addresses of the stock pages."""

from django.urls import path

from inventory.views import products

app_name = "inventory"

urlpatterns = [path("stock/", products.stock, name="stock")]
