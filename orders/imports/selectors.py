"""Reading connections and deliveries, for the imports page and the shop page."""

from __future__ import annotations

from django.conf import settings
from django.db.models import QuerySet

from orders.imports.models import Connection, Delivery
from orders.imports.statuses import DeliveryState
from shops.keyset import Page, newest_key_first
from shops.models import User
from shops.permissions import Action
from shops.secrets import decrypt
from shops.selectors import shop_ids_where

MOST_COUNTED = 99
BODY_SHOWN = 20_000


def connection_of(shop_id: int, source: str) -> Connection | None:
    """The shop's connection to a source, if it was opened."""
    return Connection.objects.select_related("shop").filter(shop_id=shop_id, source=source).first()


def secret_of(connection: Connection) -> str:
    """The secret in clear, for whoever may see secrets; raises ValueError when `SECRET_KEY` was changed."""
    return decrypt(connection.secret)


def hook_url(shop_slug: str, source: str) -> str:
    """The address the source has to deliver to."""
    return f"{settings.OMS_PUBLIC_URL}/hooks/{source}/{shop_slug}"


def connections_for(user: User) -> QuerySet[Connection]:
    """The connections of the shops whose imports this person may see, by shop."""
    shops = shop_ids_where(user, Action.VIEW_IMPORTS)
    return (
        Connection.objects.select_related("shop").filter(shop_id__in=shops).order_by("shop__name", "source")
    )


def may_see_imports(user: User) -> bool:
    """Whether the person's role includes seeing imports in any shop."""
    return bool(shop_ids_where(user, Action.VIEW_IMPORTS))


def failed_count(user: User) -> int:
    """How many deliveries wait for a person, counted up to one more than is shown."""
    failed = Delivery.objects.visible_to(user).filter(state=DeliveryState.FAILED)
    return failed.order_by()[: MOST_COUNTED + 1].count()


def deliveries_page(user: User, *, state: str = "", before: str = "") -> Page[Delivery]:
    """One page of deliveries this person may see, without their bodies."""
    rows = Delivery.objects.visible_to(user).defer("body").select_related("shop", "order")
    if state in DeliveryState.values:
        rows = rows.filter(state=state)
    return newest_key_first(rows, before)


def delivery_detail(user: User, delivery_id: int) -> Delivery | None:
    """One delivery with its body, or None for somebody who may not see it."""
    rows = Delivery.objects.visible_to(user).select_related("shop", "order")
    return rows.filter(pk=delivery_id).first()


def body_text(delivery: Delivery) -> tuple[str, bool]:
    """The body as text, cut to 20,000 characters, and whether it was cut; bytes that are no text show as such."""
    text = bytes(delivery.body).decode("utf-8", "backslashreplace").replace("\0", "\\0")
    return text[:BODY_SHOWN], len(text) > BODY_SHOWN


def retryable_shop_ids(user: User) -> frozenset[int]:
    """The shops in which this person may have a delivery read again."""
    return frozenset(shop_ids_where(user, Action.RETRY_IMPORT))
