"""What the frame of every page shows: the menu with its badges, languages, the chosen colour scheme.

Lazy: a partial that draws no frame asks the database nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db.models import IntegerField, Value
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from crm.page_selectors.reminders import due_of
from crm.selectors.united import united
from inventory.page_selectors.low import low_items
from notifications.models import Message
from shops.models import User
from shops.permissions import MATRIX, Action
from shops.selectors import keep_standings, shop_ids_where

MOST_SHOWN = 99
THEMES = ("light", "dark")


@dataclass(frozen=True)
class MenuItem:
    """One room of the house, as the rail names it."""

    href: str
    icon: str
    label: str
    is_current: bool
    badge: str = ""
    badge_title: str = ""


class Workspace:
    """The frame of one request's page."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @property
    def person(self) -> User:
        return self.request.user  # type: ignore[return-value]

    @property
    def theme(self) -> str:
        chosen = self.request.COOKIES.get("theme", "")
        return chosen if chosen in THEMES else ""

    @property
    def keys_are_off(self) -> bool:
        """Whether the person switched off the single keys that do something wherever the focus is."""
        return self.request.COOKIES.get("keys") == "off"

    @property
    def languages(self) -> list[str]:
        return [code for code, _name in settings.LANGUAGES]

    @property
    def menu(self) -> Iterator[MenuItem]:
        """The rooms this person may enter in one shop at least."""
        if not self.person.is_authenticated:
            return
        yield self._item("/", "square-kanban", _("Board"), also=("/board/", "/deals/", "/moves/"))
        yield self._item("/orders/", "list", _("Orders"))
        if Action.VIEW_CUSTOMERS in self.allowed:
            yield self._item("/customers/", "users", _("Customers"))
        if Action.SHIP in self.allowed:
            yield self._item("/parcels/", "truck", _("Parcels"))
        yield self._item("/reports/day/", "sun", _("Day"), also=("/reports/",))
        if Action.VIEW_STOCK in self.allowed:
            badge, says = _bounded(self.low_stock), _("running low")
            yield self._item("/stock/", "package", _("Stock"), badge=badge, badge_title=says)
        if Action.VIEW_MESSAGES in self.allowed:
            badge, says = _bounded(self.failed_messages), _("not delivered")
            yield self._item("/messages/", "message-square", _("Messages"), badge=badge, badge_title=says)
        if Action.VIEW_IMPORTS in self.allowed:
            yield self._item("/imports/", "inbox", _("Imports"))
        if self.shop_slug:
            yield self._item(f"/shops/{self.shop_slug}/", "store", _("Shop"), also=("/shops/", "/funnels/"))

    @cached_property
    def allowed(self) -> frozenset[str]:
        """The actions this person's roles include in any shop."""
        return frozenset().union(*(MATRIX[standing.role] for standing in keep_standings(self.person)))

    def _item(
        self,
        href: str,
        icon: str,
        label: str,
        *,
        also: tuple[str, ...] = (),
        badge: str = "",
        badge_title: str = "",
    ) -> MenuItem:
        path = self.request.path
        here = (
            path == href
            or (href != "/" and path.startswith(href))
            or any(path.startswith(start) for start in also)
        )
        return MenuItem(href, icon, label, here, badge, badge_title)

    @property
    def failed_messages(self) -> int:
        """Messages that need a person, counted up to one more than the badge shows."""
        return self._badges[0]

    @property
    def low_stock(self) -> int:
        """Stock items that run low where this person sees stock, counted up to one more than the badge shows."""
        return self._badges[1]

    @property
    def due_reminders(self) -> int:
        """This person's reminders that are due, counted up to one more than the badge shows."""
        return self._badges[2]

    @property
    def bell(self) -> str:
        """The number on the bell in the top bar."""
        return _bounded(self.due_reminders) if self.person.is_authenticated else ""

    @cached_property
    def _badges(self) -> tuple[int, int, int]:
        """All counts in one query, for they stand on every page."""
        keep_standings(self.person)
        stuck = Message.objects.visible_to(self.person).needing_a_person()
        low = low_items(shop_ids_where(self.person, Action.VIEW_STOCK))
        most = MOST_SHOWN + 1
        # A constant, because their keys are of two types, which PostgreSQL does not put in one column.
        one = Value(1, output_field=IntegerField())
        due = due_of(self.person, timezone.now())
        failed, short, called = united(
            [rows.order_by().values_list(one)[:most] for rows in (stuck, low, due)]
        )
        return len(failed), len(short), len(called)

    @property
    def low_badge(self) -> str:
        return _bounded(self.low_stock)

    @cached_property
    def shop_slug(self) -> str:
        """The shop the person used last, or their first one."""
        slugs = {standing.shop_id: standing.slug for standing in keep_standings(self.person)}
        return slugs.get(self.person.last_shop_id or 0) or next(iter(slugs.values()), "")


def _bounded(number: int) -> str:
    return "" if not number else f"{MOST_SHOWN}+" if number > MOST_SHOWN else str(number)


def workspace(request: HttpRequest) -> dict[str, Workspace]:
    """`workspace` in every template."""
    return {"workspace": Workspace(request)}
