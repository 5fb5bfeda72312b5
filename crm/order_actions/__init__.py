"""The actions of the order page, by address: words, form, permission and the one service each of them calls."""

from crm.order_actions import editing, parcels, people, steps
from crm.order_actions.base import OrderAction

ACTIONS: dict[str, OrderAction] = {
    action.slug: action
    for table in (steps.ACTIONS, parcels.ACTIONS, people.ACTIONS, editing.ACTIONS)
    for action in table
}

__all__ = ["ACTIONS", "OrderAction"]
