"""Changing messages: queueing, taking back, sending again, notes to colleagues, switches and default texts."""

from notifications.services.deciding import decide_unknown
from notifications.services.holding import send_now, skip_message
from notifications.services.notes import queue_note
from notifications.services.queueing import discard_messages_of, queue_messages
from notifications.services.reach import lift_suppression, suppress_address
from notifications.services.replies import receive_reply, receive_reports
from notifications.services.reports import record_report
from notifications.services.resending import resend_message
from notifications.services.settings import add_default_templates, add_new_moments, set_switches
from notifications.services.sms_account import (
    change_sms_account,
    release_quiet,
    rotate_hook_secret,
    send_test_sms,
)
from notifications.services.switching import remove_rule, restore_switches, set_rules
from notifications.services.wording import restore_template, send_test
from notifications.services.writing import Draft, write_message

__all__ = [
    "Draft",
    "add_default_templates",
    "add_new_moments",
    "change_sms_account",
    "decide_unknown",
    "discard_messages_of",
    "lift_suppression",
    "queue_messages",
    "queue_note",
    "receive_reply",
    "receive_reports",
    "record_report",
    "release_quiet",
    "remove_rule",
    "resend_message",
    "restore_switches",
    "restore_template",
    "rotate_hook_secret",
    "send_now",
    "send_test",
    "send_test_sms",
    "set_rules",
    "set_switches",
    "skip_message",
    "suppress_address",
    "write_message",
]
