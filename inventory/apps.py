"""Products, the stock ledger and reservations; it does not know what an order is."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InventoryConfig(AppConfig):
    name = "inventory"
    verbose_name = _("Products and stock")
    default_auto_field = "django.db.models.BigAutoField"
