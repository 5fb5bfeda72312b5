"""The admin of messages: their words, which of them are sent, and a look at the outbox.

One module for each part; importing this package registers them all.
"""

from notifications.admin.outbox import MessageAdmin
from notifications.admin.reach import MessageSettingsAdmin, SmsReplyAdmin, SuppressionAdmin
from notifications.admin.sms_account import SmsAccountAdmin
from notifications.admin.switches import MessageSwitchAdmin
from notifications.admin.templates import MessageTemplateAdmin

__all__ = [
    "MessageAdmin",
    "MessageSettingsAdmin",
    "MessageSwitchAdmin",
    "MessageTemplateAdmin",
    "SmsAccountAdmin",
    "SmsReplyAdmin",
    "SuppressionAdmin",
]
