"""The verbs of the board: moving, undoing, claiming and commenting deals, and giving a shop its funnels."""

from crm.services.deals import add_comment, claim_deal, release_deal
from crm.services.feed import prune_board_feed
from crm.services.funnels import create_preset_funnels
from crm.services.moving import MoveResult, move_deal
from crm.services.reminders import (
    edit_reminder,
    finish_reminder,
    remove_reminder,
    set_reminder,
    snooze_reminder,
    tell_due_reminders,
)
from crm.services.undo import undo_move

__all__ = [
    "MoveResult",
    "add_comment",
    "claim_deal",
    "create_preset_funnels",
    "edit_reminder",
    "finish_reminder",
    "move_deal",
    "prune_board_feed",
    "release_deal",
    "remove_reminder",
    "set_reminder",
    "snooze_reminder",
    "tell_due_reminders",
    "undo_move",
]
