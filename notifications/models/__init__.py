"""Message templates, the on/off matrix, the outbox, and how each shop reaches its customers.

The rows hold facts and constraints; what may be sent and when is decided by services and the outbox.
"""

from notifications.models.messages import Message, MessageReport
from notifications.models.reach import MessageSettings, SmsAccount, SmsReply, Suppression
from notifications.models.templates import MessageSwitch, MessageTemplate

__all__ = [
    "Message",
    "MessageReport",
    "MessageSettings",
    "MessageSwitch",
    "MessageTemplate",
    "SmsAccount",
    "SmsReply",
    "Suppression",
]
