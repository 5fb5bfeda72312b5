"""Message templates, the outbox and the transports that empty it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("Messages")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Add the outbox to what /metrics tells."""
        from notifications.metrics import register

        register()
