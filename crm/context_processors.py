"""What the frame of every page shows: the menu with its badges, languages, the chosen colour scheme.

Lazy: a partial that draws no frame asks the database nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from notifications.models import Message
from notifications.statuses import MessageState
from shops.models import User
from shops.selectors import shops_of

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
    def languages(self) -> list[str]:
        return [code for code, _name in settings.LANGUAGES]

    @property
    def menu(self) -> Iterator[MenuItem]:
        if not self.person.is_authenticated:
            return
        failed = self.failed_messages
        badge = "" if not failed else f"{MOST_SHOWN}+" if failed > MOST_SHOWN else str(failed)
        yield self._item("/", "square-kanban", _("Board"), also=("/board/", "/deals/", "/moves/"))
        yield self._item("/orders/", "list", _("Orders"))
        yield self._item("/customers/", "users", _("Customers"))
        yield self._item("/stock/", "package", _("Stock"))
        yield self._item(
            "/messages/", "message-square", _("Messages"), badge=badge, badge_title=_("not delivered")
        )
        yield self._item("/imports/", "inbox", _("Imports"))
        if self.shop_slug:
            yield self._item(f"/shops/{self.shop_slug}/", "store", _("Shop"), also=("/shops/",))

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
        is_current = (
            path == href or (href != "/" and path.startswith(href)) or path.startswith(also or ("\0",))
        )
        return MenuItem(href, icon, label, is_current, badge, badge_title)

    @cached_property
    def failed_messages(self) -> int:
        """Messages that need a person, counted up to one more than the badge shows."""
        stuck = Message.objects.visible_to(self.person).filter(
            state__in=[MessageState.FAILED, MessageState.UNKNOWN]
        )
        return stuck.order_by()[: MOST_SHOWN + 1].count()

    @cached_property
    def shop_slug(self) -> str:
        """The shop the person used last, or their first one."""
        slugs = dict(shops_of(self.person).values_list("pk", "slug"))
        return slugs.get(self.person.last_shop_id or 0) or next(iter(slugs.values()), "")


def workspace(request: HttpRequest) -> dict[str, Workspace]:
    """`workspace` in every template."""
    return {"workspace": Workspace(request)}
