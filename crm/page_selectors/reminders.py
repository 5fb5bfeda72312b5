"""What the pages of reminders show: a deal's own, and the list across deals, soonest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import groupby
from urllib.parse import urlencode

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.models import Deal, Reminder, StageKind
from crm.selectors.moments import QuickChoice, quick_choices
from crm.selectors.reminders import COLOURS, colour_of, due_in
from inventory.errors import written_day
from orders.models import CustomerContact
from orders.models.customers import ContactKind
from shops.keyset import read_key, soonest_first
from shops.models import Membership, Shop, User
from shops.permissions import Action, role_allows
from shops.selectors import keep_standings, role_of

MINE, ALL = "mine", "all"
MOST_OF_A_DEAL = 20


@dataclass(frozen=True)
class ReminderRow:
    """One reminder with the colour it has now."""

    reminder: Reminder
    colour: str
    now: datetime
    may_change: bool

    @property
    def deal(self) -> Deal:
        return self.reminder.deal

    @property
    def shop(self) -> Shop:
        return self.deal.funnel.shop

    @property
    def wait(self) -> timedelta:
        """How long until it is due, or since when it is."""
        return abs(self.reminder.due_at - self.now)

    @property
    def phone(self) -> str:
        """The number to call: the order's, else the customer's newest."""
        order, customer = self.deal.order, self.deal.customer
        if order is not None and order.shipping_address.phone:
            return order.shipping_address.phone
        return next((contact.value for contact in getattr(customer, "phones", ())), "")

    @property
    def name(self) -> str:
        """The customer's name."""
        order = self.deal.order
        named = order.shipping_address.name if order is not None else ""
        return named or (str(self.deal.customer) if self.deal.customer else "")

    @cached_property
    def choices(self) -> list[QuickChoice]:
        """Moments to put it off to."""
        return quick_choices(self.shop.calendar, self.now)


@dataclass(frozen=True)
class DayOfReminders:
    """The reminders of one day, under its name."""

    title: str
    rows: list[ReminderRow]


@dataclass(frozen=True)
class RemindersOfDeal:
    """A deal's open reminders and what a form for a new one offers."""

    deal: Deal
    rows: list[ReminderRow]
    choices: list[QuickChoice]
    people: list[tuple[int, str]]
    may_change: bool


@dataclass(frozen=True)
class ReminderFilter:
    """What the list is narrowed by, as it stands in the address; `whose` is "mine", "all" or a person's key."""

    whose: str = MINE
    colour: str = ""
    shop: str = ""

    @property
    def is_narrowed(self) -> bool:
        return self != ReminderFilter()

    def query(self, **changes: str) -> str:
        """The filter with some values changed, ready for a link."""
        after = changes.pop("after", "")
        changed = replace(self, **changes)
        pairs = {"whose": changed.whose, "colour": changed.colour, "shop": changed.shop, "after": after}
        return urlencode({name: value for name, value in pairs.items() if value and value != MINE})


@dataclass(frozen=True)
class ReminderList:
    """One page of reminders by day, and the cursor of the next one."""

    days: list[DayOfReminders]
    after: str


def read_reminder_filter(whose: str, colour: str, shop: str) -> ReminderFilter:
    """The filter of a request; words nobody knows are ignored, an unknown shop finds nothing."""
    is_known = whose == ALL or read_key(whose) is not None
    return ReminderFilter(
        whose if is_known else MINE,
        colour if colour in COLOURS else "",
        shop.replace("\0", " ")[:50],
    )


def open_reminders(user: User) -> QuerySet[Reminder]:
    """The open reminders this person may see, on deals that are not closed: those of closed ones rest."""
    return Reminder.objects.visible_to(user).filter(done_at=None, deal__stage__kind=StageKind.OPEN)


def due_of(user: User, now: datetime) -> QuerySet[Reminder]:
    """This person's own that are due."""
    return open_reminders(user).filter(person_id=user.pk, due_at__lte=now)


def list_reminders(user: User, wanted: ReminderFilter, after: str = "") -> ReminderList:
    """One page of reminders, the longest due first, with all that a row shows. Three queries and the roles."""
    keep_standings(user)
    now = timezone.now()
    found = with_deals(open_reminders(user))
    if wanted.whose != ALL:
        found = found.filter(person_id=user.pk if wanted.whose == MINE else read_key(wanted.whose))
    if wanted.colour:
        found = found.filter(due_in(wanted.colour, now))
    if wanted.shop:
        found = found.filter(deal__funnel__shop__slug=wanted.shop)
    page = soonest_first(found, "due_at", after)
    rows = [_row(user, reminder, now) for reminder in page.rows]
    return ReminderList(_by_day(rows), page.after)


def row_of(user: User, reminder_id: int) -> ReminderRow | None:
    """One reminder as the list shows it, done ones too, or None where this person may not see it."""
    found = with_deals(Reminder.objects.visible_to(user)).filter(pk=reminder_id).first()
    return _row(user, found, timezone.now()) if found is not None else None


def reminders_of_deal(user: User, deal: Deal) -> RemindersOfDeal:
    """The open reminders of a deal the person sees, and what its form offers; the deal with funnel and shop.

    Two queries, and one for the person's role unless it was kept.
    """
    now = timezone.now()
    mine = Reminder.objects.filter(deal=deal, done_at=None).select_related("person").order_by("due_at", "pk")
    rows = list(mine[:MOST_OF_A_DEAL])
    for reminder in rows:
        reminder.deal = deal
    return RemindersOfDeal(
        deal=deal,
        rows=[_row(user, reminder, now) for reminder in rows],
        choices=quick_choices(deal.funnel.shop.calendar, now),
        people=people_of(deal.funnel.shop_id, user),
        may_change=_may_change(user, deal),
    )


def people_of(shop_id: int, user: User) -> list[tuple[int, str]]:
    """Who may be reminded in a shop, the person themself first, with the words of a choice. One query."""
    members = Membership.objects.filter(shop_id=shop_id, user__is_active=True).select_related("user")
    people = {member.user_id: member.user for member in members}
    if user.is_superuser:
        people[user.pk] = user
    names = [(pk, person.get_full_name() or person.username) for pk, person in people.items()]
    names.sort(key=lambda row: (row[0] != user.pk, row[1].casefold()))
    return [(pk, _("%(name)s (me)") % {"name": name} if pk == user.pk else name) for pk, name in names]


def colleagues_of(user: User) -> list[tuple[int, str]]:
    """Everybody who works in one of this person's shops, by name, without the person. One query."""
    shop_ids = [standing.shop_id for standing in keep_standings(user)]
    members = Membership.objects.filter(shop_id__in=shop_ids, user__is_active=True).exclude(user=user)
    people = {member.user_id: member.user for member in members.select_related("user")}
    names = [(pk, person.get_full_name() or person.username) for pk, person in people.items()]
    return sorted(names, key=lambda row: row[1].casefold())


def with_deals(reminders: QuerySet[Reminder]) -> QuerySet[Reminder]:
    """The reminders with the deal, order, customer and phones a row shows."""
    phones = CustomerContact.objects.filter(kind=ContactKind.PHONE).order_by("-pk")
    return reminders.select_related(
        "person",
        "deal__stage",
        "deal__funnel__shop",
        "deal__order__shipping_address",
        "deal__customer",
    ).prefetch_related(Prefetch("deal__customer__contacts", phones, to_attr="phones"))


def _row(user: User, reminder: Reminder, now: datetime) -> ReminderRow:
    return ReminderRow(reminder, colour_of(reminder.due_at, now), now, _may_change(user, reminder.deal))


def _may_change(user: User, deal: Deal) -> bool:
    return role_allows(role_of(user, deal.funnel.shop_id), Action.COMMENT)


def _by_day(rows: Iterable[ReminderRow]) -> list[DayOfReminders]:
    days = groupby(rows, key=lambda row: row.reminder.due_at.astimezone(row.shop.zone).date())
    found = [(day, list(rows_of_day)) for day, rows_of_day in days]
    return [DayOfReminders(_day_title(day, mine), mine) for day, mine in found]


def _day_title(day: date, rows: Sequence[ReminderRow]) -> str:
    here = rows[0].now.astimezone(rows[0].shop.zone).date()
    names = {-1: _("Yesterday"), 0: _("Today"), 1: _("Tomorrow")}
    near = names.get((day - here).days)
    return f"{near}, {written_day(day)}" if near else written_day(day)
