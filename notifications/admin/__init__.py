"""The admin of messages: their words, which of them are sent, and a look at the outbox.

One module for each part; importing this package registers them all.
"""

from notifications.admin.outbox import MessageAdmin
from notifications.admin.switches import MessageSwitchAdmin
from notifications.admin.templates import MessageTemplateAdmin

__all__ = ["MessageAdmin", "MessageSwitchAdmin", "MessageTemplateAdmin"]
