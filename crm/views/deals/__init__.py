"""A deal's addresses: its page and panel, moving its card, editing its order in place, and the people around it.

Every address works as a plain form; a request of a script (`HX-Request`) gets fragments instead of a page.
"""

from crm.views.deals.editing import edit, lines
from crm.views.deals.moving import FORMS, move, undo
from crm.views.deals.page import changes, deal, timeline
from crm.views.deals.people import call, claim, comment, hand_over, release, skip, tag, untag

__all__ = [
    "FORMS",
    "call",
    "changes",
    "claim",
    "comment",
    "deal",
    "edit",
    "hand_over",
    "lines",
    "move",
    "release",
    "skip",
    "tag",
    "timeline",
    "undo",
    "untag",
]
