"""The ground floor: people, shops, roles, and what every other app needs."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ShopsConfig(AppConfig):
    name = "shops"
    verbose_name = _("Shops and people")
    default_auto_field = "django.db.models.BigAutoField"
