"""Roles and what each may do: one matrix, asked before anything is written."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shops.actors import Actor, ActorKind
from shops.errors import NotPermitted


class Role(models.TextChoices):
    ADMIN = "admin", gettext_lazy("Admin")
    SUPERVISOR = "supervisor", gettext_lazy("Supervisor")
    MANAGER = "manager", gettext_lazy("Manager")
    WAREHOUSE = "warehouse", gettext_lazy("Warehouse")


class Action(models.TextChoices):
    VIEW_ORDERS = "view_orders", gettext_lazy("See orders")
    PLACE_ORDER = "place_order", gettext_lazy("Place orders")
    EDIT_ORDER = "edit_order", gettext_lazy("Edit orders")
    CALL = "call", gettext_lazy("Call customers")
    CONFIRM = "confirm", gettext_lazy("Confirm orders")
    PROCESS = "process", gettext_lazy("Start picking")
    SHIP = "ship", gettext_lazy("Ship orders")
    DELIVER = "deliver", gettext_lazy("Mark as delivered")
    CANCEL = "cancel", gettext_lazy("Cancel orders")
    RETURN = "return", gettext_lazy("Register returns")
    REOPEN = "reopen", gettext_lazy("Reopen cancelled orders")
    RECORD_PAYMENT = "record_payment", gettext_lazy("Record payments")
    MOVE_DEAL = "move_deal", gettext_lazy("Move deals")
    CLAIM = "claim", gettext_lazy("Claim orders")
    TAKE_OVER = "take_over", gettext_lazy("Take over a colleague's order")
    COMMENT = "comment", gettext_lazy("Comment")
    VIEW_CUSTOMERS = "view_customers", gettext_lazy("See customers")
    VIEW_MESSAGES = "view_messages", gettext_lazy("See messages")
    RESEND_MESSAGE = "resend_message", gettext_lazy("Resend messages")
    EDIT_MESSAGES = "edit_messages", gettext_lazy("Change the texts of messages and try them out")
    VIEW_STOCK = "view_stock", gettext_lazy("See stock")
    CHANGE_STOCK = "change_stock", gettext_lazy("Change stock")
    EDIT_PRODUCT = "edit_product", gettext_lazy("Edit products")
    VIEW_REVENUE = "view_revenue", gettext_lazy("See what products earn")
    VIEW_IMPORTS = "view_imports", gettext_lazy("See imports")
    RETRY_IMPORT = "retry_import", gettext_lazy("Retry imports")
    MANAGE_FUNNELS = "manage_funnels", gettext_lazy("Change funnels and stages")
    EXPORT = "export", gettext_lazy("Export lists")
    VIEW_SECRETS = "view_secrets", gettext_lazy("See connection secrets")


_WAREHOUSE = {
    Action.VIEW_ORDERS,
    Action.PROCESS,
    Action.SHIP,
    Action.DELIVER,
    Action.RETURN,
    Action.MOVE_DEAL,
    Action.CLAIM,
    Action.COMMENT,
    Action.VIEW_STOCK,
    Action.CHANGE_STOCK,
}
_MANAGER = (
    set(Action)
    - {
        Action.TAKE_OVER,
        Action.CHANGE_STOCK,
        Action.EDIT_PRODUCT,
        Action.VIEW_SECRETS,
        Action.RETRY_IMPORT,
        Action.EDIT_MESSAGES,
        Action.MANAGE_FUNNELS,
    }
) | {Action.VIEW_IMPORTS}
_SUPERVISOR = set(Action) - {Action.VIEW_SECRETS}

MATRIX: dict[str, frozenset[str]] = {
    Role.ADMIN: frozenset(Action),
    Role.SUPERVISOR: frozenset(_SUPERVISOR),
    Role.MANAGER: frozenset(_MANAGER),
    Role.WAREHOUSE: frozenset(_WAREHOUSE),
}
_MACHINE = frozenset(set(Action) - {Action.VIEW_SECRETS, Action.TAKE_OVER, Action.MANAGE_FUNNELS})


def role_allows(role: str | None, action: str) -> bool:
    """Whether a role includes an action; no role includes nothing."""
    return role is not None and action in MATRIX.get(role, frozenset())


def is_permitted(actor: Actor, *, shop_id: int, action: str) -> bool:
    """Whether the actor may do this in that shop. People are judged by their membership, read once per call."""
    if actor.kind == ActorKind.SYSTEM:
        return True
    if actor.kind in (ActorKind.KEY, ActorKind.SOURCE, ActorKind.COURIER):
        return actor.shop_id == shop_id and action in _MACHINE
    if not actor.is_person:
        return False
    from shops.selectors import role_in_shop

    return role_allows(role_in_shop(user_id=actor.user_id, shop_id=shop_id), action)


def require(actor: Actor, *, shop_id: int, action: str) -> None:
    """Raise `NotPermitted` unless the actor may do this in that shop."""
    if not is_permitted(actor, shop_id=shop_id, action=action):
        raise NotPermitted(
            _("Your role in this shop does not allow this: %(action)s. Ask an admin of the shop.")
            % {"action": Action(action).label},
            code="not_permitted",
        )
