"""The pages about messages: the list and one message, what is decided about one, what waits, and writing by hand."""

from notifications.views.deciding import arrived, hurry, resend, skip
from notifications.views.pages import message, message_html, message_list
from notifications.views.standing import standing
from notifications.views.writing import write

__all__ = [
    "arrived",
    "hurry",
    "message",
    "message_html",
    "message_list",
    "resend",
    "skip",
    "standing",
    "write",
]
