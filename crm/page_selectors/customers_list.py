"""The customer list: what it is narrowed by, one page of rows with their figures, and the rows of its files.

Figures of orders are of those the person may see, and are read for the rows shown only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Prefetch, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm.models import CustomerTag, Tag
from crm.page_selectors.narrowing import Address, Words, among, within_days
from crm.page_selectors.order_filters import WHOSE, Digits
from crm.selectors.cards import NOT_TAKEN
from notifications.models import Suppression
from orders.models import Customer, CustomerAddress, CustomerContact, Order, Return
from orders.models.customers import ContactKind
from orders.search import search_customers
from orders.statuses import ReturnState, Status
from shops.keyset import newest_key_first
from shops.models import Shop, User
from shops.money import quantise

AT_ONCE = 500
MOST_COUNTED = 1000
Cell = str | int | Decimal | datetime | None
Label = str | Promise


@dataclass(frozen=True)
class Spent:
    """What a customer ordered in one currency, cancelled and returned orders left out."""

    currency: str
    amount: Decimal


@dataclass(frozen=True)
class CustomerRow:
    """One line of the list; the order figures count only orders this person may see."""

    customer: Customer
    phone: str
    email: str
    town: str
    order_count: int = 0
    last_order_at: datetime | None = None
    spent: Sequence[Spent] = ()
    tags: Sequence[Tag] = ()
    refused: int = 0


@dataclass(frozen=True)
class CustomerPage:
    rows: list[CustomerRow]
    after: str


@dataclass(frozen=True)
class CustomerFilter:
    """The filters in force, read and valid; `problems` say what was not understood."""

    address: Address = field(default_factory=Address)
    problems: tuple[str, ...] = ()
    q: str = ""
    shop: str = ""
    tag: str = ""
    manager: str = ""
    least: int | None = None
    most: int | None = None
    since: date | None = None
    until: date | None = None
    refused: bool = False
    closed: bool = False

    @property
    def is_narrowed(self) -> bool:
        return bool(self.address.pairs)


@dataclass(frozen=True)
class Column:
    """One column; `headings` and `cells` are what it is in a file, where it may be several."""

    key: str
    label: Label
    headings: tuple[Label, ...]
    cells: Callable[[CustomerRow], tuple[Cell, ...]]
    is_default: bool = True
    is_number: bool = False


def _person(row: CustomerRow) -> str:
    manager = row.customer.manager
    return (manager.get_full_name() or manager.username) if manager else ""


def _last(row: CustomerRow) -> tuple[Cell, ...]:
    if row.last_order_at is None:
        return (None,)
    local = timezone.localtime(row.last_order_at, row.customer.shop.zone)
    return (local.replace(microsecond=0, tzinfo=None),)


def _spent(row: CustomerRow) -> tuple[Cell, ...]:
    """The shop's own currency as a number; the others, which are rare, in words."""
    own = row.customer.shop.currency
    mine = next((spent.amount for spent in row.spent if spent.currency == own), Decimal(0))
    others = "; ".join(f"{spent.amount} {spent.currency}" for spent in row.spent if spent.currency != own)
    return mine, own, others


_COLUMNS = (
    Column(
        "name",
        gettext_lazy("Customer"),
        (pgettext_lazy("person", "Name"), gettext_lazy("Company")),
        lambda row: (row.customer.name or str(row.customer), row.customer.company),
    ),
    Column("phone", gettext_lazy("Phone"), (gettext_lazy("Phone"),), lambda row: (row.phone,)),
    Column("email", gettext_lazy("E-mail"), (gettext_lazy("E-mail"),), lambda row: (row.email,)),
    Column("town", gettext_lazy("Town"), (gettext_lazy("Town"),), lambda row: (row.town,)),
    Column(
        "count",
        gettext_lazy("Orders"),
        (gettext_lazy("Orders"),),
        lambda row: (row.order_count,),
        is_number=True,
    ),
    Column(
        "spent",
        gettext_lazy("Ordered for"),
        (gettext_lazy("Ordered for"), gettext_lazy("Currency"), gettext_lazy("In other currencies")),
        _spent,
        is_number=True,
    ),
    Column("last", gettext_lazy("Last order"), (gettext_lazy("Last order"),), _last),
    Column(
        "refused",
        gettext_lazy("Refused"),
        (gettext_lazy("Refused parcels"),),
        lambda row: (row.refused,),
        is_number=True,
    ),
    Column(
        "tags",
        gettext_lazy("Tags"),
        (gettext_lazy("Tags"),),
        lambda row: (", ".join(tag.name for tag in row.tags),),
    ),
    Column(
        "manager",
        gettext_lazy("Manager"),
        (gettext_lazy("Personal manager"),),
        lambda row: (_person(row),),
    ),
    Column("shop", gettext_lazy("Shop"), (gettext_lazy("Shop"),), lambda row: (row.customer.shop.name,)),
    Column(
        "note",
        gettext_lazy("Note"),
        (gettext_lazy("Note"),),
        lambda row: (row.customer.note,),
        is_default=False,
    ),
)
CUSTOMER_COLUMNS: Mapping[str, Column] = {column.key: column for column in _COLUMNS}
ALWAYS = "name"


def customer_columns(keys: Iterable[str]) -> list[Column]:
    """The columns of these keys in their own order, the name always; unknown keys are left out, none means the usual ones."""
    asked = {key for key in keys if key in CUSTOMER_COLUMNS}
    if not asked - {ALWAYS}:
        return [column for column in _COLUMNS if column.is_default]
    return [column for column in _COLUMNS if column.key in asked or column.key == ALWAYS]


def read_customer_filter(params: Mapping[str, Sequence[str]]) -> CustomerFilter:
    """The filter of an address. Never raises: what is not understood is named in `problems`."""
    words = Words(params)
    found = CustomerFilter(
        q=words.text("q", 200),
        shop=words.text("shop", 50),
        tag=words.text("tag", 40),
        manager=words.one("manager", Digits(WHOSE), _("a manager")),
        least=words.whole("least", _("the lowest number of orders")),
        most=words.whole("most", _("the highest number of orders")),
        since=words.day("from", _("the first day")),
        until=words.day("to", _("the last day")),
        refused=bool(words.one("refused", {"1"}, _("a choice of refused parcels"))),
        closed=bool(words.one("closed", {"1"}, _("a choice of closed addresses"))),
    )
    words.need_order(found.least, found.most, _("The lowest number is above the highest: nobody can match."))
    words.need_order(found.since, found.until, _("The first day is after the last: nobody can match."))
    object.__setattr__(found, "address", Address(tuple(words.pairs)))
    object.__setattr__(found, "problems", tuple(words.problems))
    return found


def customers_wanted(user: User, wanted: CustomerFilter, shops: Sequence[Shop]) -> QuerySet[Customer]:
    """The customers of these shops that have all of it; a lasting order counts only where the person sees it."""
    keys = [shop.pk for shop in shops]
    customers = search_customers(Customer.objects.filter(shop__in=keys), wanted.q)
    orders = Order.objects.visible_to(user).filter(shop__in=keys)
    if wanted.manager:
        people: dict[str, Any] = {"mine": user.pk, "none": None}
        customers = customers.filter(manager=people.get(wanted.manager, wanted.manager))
    if wanted.tag:
        worn = CustomerTag.objects.filter(tag__name=wanted.tag, tag__shop__in=keys)
        customers = customers.filter(among(worn, "customer_id"))
    if wanted.refused:
        untaken = _untaken(user).filter(order__shop__in=keys)
        customers = customers.filter(among(untaken, "order__customer_id"))
    if wanted.closed:
        addresses = Suppression.objects.filter(shop__in=keys, lifted_at=None).values("address")
        closed = CustomerContact.objects.filter(customer__shop__in=keys, normalised__in=addresses)
        customers = customers.filter(among(closed, "customer_id"))
    if wanted.least is not None or wanted.most is not None:
        customers = _with_count(customers, orders, wanted)
    return _with_last_order(customers, orders, wanted, shops)


def list_customers(
    user: User, customers: QuerySet[Customer], shops: Sequence[Shop], after: str = ""
) -> CustomerPage:
    """One page of these customers (see `customers_wanted`), newest first. A fixed number of queries."""
    page = newest_key_first(_with_contacts(customers), after, shop_ids=[shop.pk for shop in shops])
    return CustomerPage(_rows(user, page.rows), page.after)


def count_customers(customers: QuerySet[Customer]) -> int:
    """How many these are, counted up to one more than `MOST_COUNTED`."""
    return customers.order_by().values("pk")[: MOST_COUNTED + 1].count()


def chosen_customers(
    user: User, wanted: CustomerFilter, shops: Sequence[Shop], keys: Sequence[int] | None
) -> list[Customer]:
    """The ticked customers, or with None the newest five hundred that match; only those of these shops."""
    if keys is not None:
        shop_ids = [shop.pk for shop in shops]
        found = Customer.objects.filter(shop__in=shop_ids, pk__in=keys[:AT_ONCE])
        return list(found.order_by("-pk"))
    page = newest_key_first(customers_wanted(user, wanted, shops), "", AT_ONCE, [shop.pk for shop in shops])
    return page.rows


def customer_file_rows(
    user: User, customers: QuerySet[Customer], shops: Sequence[Shop], columns: Sequence[Column]
) -> Iterator[Sequence[Cell]]:
    """The headings, then the customers newest first, read five hundred at a time by key."""
    yield [str(heading) for column in columns for heading in column.headings]
    found, after = _with_contacts(customers), ""
    while True:
        page = newest_key_first(found, after, AT_ONCE, [shop.pk for shop in shops])
        for row in _rows(user, page.rows):
            yield [cell for column in columns for cell in column.cells(row)]
        after = page.after
        if not after:
            return


def _with_count(
    customers: QuerySet[Customer], orders: QuerySet[Order], wanted: CustomerFilter
) -> QuerySet[Customer]:
    # Grouped once for all: asked customer by customer, SQLite walks a shop's orders for each of them.
    counted = orders.order_by().values("customer").annotate(many=Count("pk"))
    if wanted.least:
        customers = customers.filter(pk__in=counted.filter(many__gte=wanted.least).values("customer"))
    if wanted.most is not None:
        customers = customers.exclude(pk__in=counted.filter(many__gt=wanted.most).values("customer"))
    return customers


def _with_last_order(
    customers: QuerySet[Customer], orders: QuerySet[Order], wanted: CustomerFilter, shops: Sequence[Shop]
) -> QuerySet[Customer]:
    """The last order falls on these days: one does, and none is later."""
    if wanted.since is None and wanted.until is None:
        return customers
    within = orders.filter(within_days("placed_at", shops, wanted.since, wanted.until))
    customers = customers.filter(pk__in=within.values("customer"))
    if wanted.until is not None:
        later = orders.filter(within_days("placed_at", shops, wanted.until + timedelta(days=1), None))
        customers = customers.exclude(pk__in=later.values("customer"))
    return customers


def _untaken(user: User) -> QuerySet[Return]:
    """Parcels nobody took, of orders this person may see."""
    visible = Order.objects.visible_to(user)
    untaken = Return.objects.filter(kind__in=NOT_TAKEN).exclude(state=ReturnState.VOIDED)
    return untaken.filter(Exists(visible.filter(pk=OuterRef("order"))))


def _with_contacts(customers: QuerySet[Customer]) -> QuerySet[Customer]:
    return customers.select_related("shop", "manager").prefetch_related(
        Prefetch("contacts", CustomerContact.objects.order_by("-pk")),
        Prefetch("addresses", CustomerAddress.objects.order_by("-pk")),
    )


def _rows(user: User, customers: Sequence[Customer]) -> list[CustomerRow]:
    keys = [customer.pk for customer in customers]
    figures, refused, tags = _order_figures(user, keys), _refused(user, keys), _tags(keys)
    return [
        _row(customer, figures.get(customer.pk), refused.get(customer.pk, 0), tags.get(customer.pk, ()))
        for customer in customers
    ]


def _order_figures(user: User, keys: list[int]) -> dict[int, tuple[int, datetime, list[Spent]]]:
    """Per customer: how many orders, the latest, and what the lasting ones came to by currency. One query."""
    lasting = ~Q(status__in=[Status.CANCELLED, Status.RETURNED])
    orders = Order.objects.visible_to(user).filter(customer_id__in=keys)
    found: dict[int, tuple[int, datetime, list[Spent]]] = {}
    for customer_id, currency, count, latest, amount in (
        orders.order_by("currency")
        .values_list("customer_id", "currency")
        .annotate(n=Count("pk"), latest=Max("placed_at"), amount=Sum("total", filter=lasting))
    ):
        before, last, spent = found.get(customer_id, (0, latest, []))
        if amount:
            spent = [*spent, Spent(currency, quantise(amount, currency))]
        found[customer_id] = (before + count, max(last, latest), spent)
    return found


def _refused(user: User, keys: list[int]) -> dict[int, int]:
    rows = _untaken(user).filter(order__customer__in=keys).order_by()
    return dict(rows.values_list("order__customer_id").annotate(Count("pk")))


def _tags(keys: list[int]) -> dict[int, list[Tag]]:
    found: dict[int, list[Tag]] = defaultdict(list)
    for worn in CustomerTag.objects.filter(customer__in=keys).select_related("tag").order_by("tag__name"):
        found[worn.customer_id].append(worn.tag)
    return found


def _row(
    customer: Customer,
    figures: tuple[int, datetime, list[Spent]] | None,
    refused: int,
    tags: Sequence[Tag],
) -> CustomerRow:
    contacts, addresses = customer.contacts.all(), customer.addresses.all()
    count, latest, spent = figures or (0, None, [])
    return CustomerRow(
        customer=customer,
        phone=next((contact.value for contact in contacts if contact.kind == ContactKind.PHONE), ""),
        email=next((contact.value for contact in contacts if contact.kind == ContactKind.EMAIL), ""),
        town=next((address.city for address in addresses if address.city), ""),
        order_count=count,
        last_order_at=latest,
        spent=spent,
        tags=tags,
        refused=refused,
    )
