"""Changing messages: queueing, taking back, sending again, notes to colleagues, switches and default texts."""

from notifications.services.notes import queue_note
from notifications.services.queueing import discard_messages_of, queue_messages
from notifications.services.resending import resend_message
from notifications.services.settings import add_default_templates, set_switches

__all__ = [
    "add_default_templates",
    "discard_messages_of",
    "queue_messages",
    "queue_note",
    "resend_message",
    "set_switches",
]
