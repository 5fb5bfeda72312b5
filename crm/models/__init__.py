"""The board's rows: funnels and stages, deals and their history, and what people keep beside them."""

from crm.models.deals import BoardChange, Deal, DealComment, DealMove, DealQuerySet, LostReason, MoveKind
from crm.models.funnels import Funnel, Happening, Stage, StageCondition, StageKind, StageRule
from crm.models.work import (
    BulkMove,
    BulkMoveCard,
    BulkState,
    CustomerTag,
    DefaultView,
    ListPage,
    Reminder,
    SavedView,
    Tag,
)

__all__ = [
    "BoardChange",
    "BulkMove",
    "BulkMoveCard",
    "BulkState",
    "CustomerTag",
    "Deal",
    "DealComment",
    "DealMove",
    "DealQuerySet",
    "DefaultView",
    "Funnel",
    "Happening",
    "ListPage",
    "LostReason",
    "MoveKind",
    "Reminder",
    "SavedView",
    "Stage",
    "StageCondition",
    "StageKind",
    "StageRule",
    "Tag",
]
