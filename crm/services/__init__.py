"""The verbs of the board: moving, undoing, claiming and commenting deals, and giving a shop its funnels."""

from crm.services.deals import add_comment, cancel_retry, claim_deal, hand_over_deal, release_deal
from crm.services.drift import create_deal_for_order
from crm.services.editing import change_if_unchanged
from crm.services.feed import prune_board_feed
from crm.services.funnels import add_preset_rules, create_preset_funnels
from crm.services.making import DealDraft, create_deal, create_order, stages_to_begin_with
from crm.services.moving import MoveResult, move_deal
from crm.services.reminders import (
    edit_reminder,
    finish_reminder,
    remove_reminder,
    set_reminder,
    snooze_reminder,
    tell_due_reminders,
)
from crm.services.tagging import remove_unused_tags, tag_customer, tag_deal, untag_customer, untag_deal
from crm.services.undo import undo_move
from crm.services.working import (
    Outcome,
    cancel_called,
    confirm_called,
    correct_address,
    keep_open,
    let_go,
    miss_call,
    reach_customer,
    snooze_deal,
    take_again,
    take_next,
    wake_deal,
)

__all__ = [
    "DealDraft",
    "MoveResult",
    "Outcome",
    "add_comment",
    "add_preset_rules",
    "cancel_called",
    "cancel_retry",
    "change_if_unchanged",
    "claim_deal",
    "confirm_called",
    "correct_address",
    "create_deal",
    "create_deal_for_order",
    "create_order",
    "create_preset_funnels",
    "edit_reminder",
    "finish_reminder",
    "hand_over_deal",
    "keep_open",
    "let_go",
    "miss_call",
    "move_deal",
    "prune_board_feed",
    "reach_customer",
    "release_deal",
    "remove_reminder",
    "remove_unused_tags",
    "set_reminder",
    "snooze_deal",
    "snooze_reminder",
    "stages_to_begin_with",
    "tag_customer",
    "tag_deal",
    "take_again",
    "take_next",
    "tell_due_reminders",
    "undo_move",
    "untag_customer",
    "untag_deal",
    "wake_deal",
]
