"""How pages write icons, money, ages and the field's words. Formatting only: nothing here reads the database."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache

from babel.dates import format_date
from babel.numbers import format_decimal, get_currency_symbol
from django import template
from django.template import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from orders.carriers import carrier_name
from orders.models import Order
from orders.statuses import CancelReason, DeliveryKind, PaymentStatus, ReturnKind
from shops.money import EVERYDAY_WORDS, display

register = template.Library()


@cache
def _symbol(name: str) -> str:
    """Where a symbol is; asked once each, for a board shows hundreds."""
    return f"{static('icons.svg')}#{name}"


@register.simple_tag
def icon(name: str, size: str = "", label: str = "") -> SafeString:
    """One symbol of `static/icons.svg`; decoration unless it has a `label`. `size="small"` for cards and tags."""
    shape = "icon icon-small" if size == "small" else "icon"
    if not label:
        return _decoration(name, shape)
    return format_html(
        '<svg class="{}" role="img" aria-label="{}"><title>{}</title><use href="{}"/></svg>',
        shape,
        label,
        label,
        _symbol(name),
    )


@lru_cache(maxsize=400)
def _decoration(name: str, shape: str) -> SafeString:
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', shape, _symbol(name))


@register.simple_tag
def colour_dot(colour: str) -> SafeString:
    """A dot of a colour people chose: as an attribute of SVG, for the content policy allows no style in the page."""
    return format_html(
        '<svg class="dot" viewBox="0 0 8 8" aria-hidden="true"><circle cx="4" cy="4" r="4" fill="{}"/></svg>',
        colour,
    )


@register.simple_tag(takes_context=True)
def card_menu(context: Context) -> SafeString:
    """What can be done with the card at hand: its menu, from the page's `menus`."""
    menu: SafeString = context["menus"].of(context["card"])
    return menu


SOURCES = {
    "woocommerce": "globe",
    "shopify": "globe",
    "api": "plug",
    "csv": "file-spreadsheet",
    "file": "file-spreadsheet",
    "manual": "phone",
}
SOURCE_NAMES = {
    "woocommerce": "WooCommerce",
    "shopify": "Shopify",
    "api": "API",
    "csv": "CSV",
    "emag": "eMAG",
    "allegro": "Allegro",
    "amazon": "Amazon",
    "ebay": "eBay",
    "rozetka": "Rozetka",
    "prom": "Prom",
    "olx": "OLX",
    "etsy": "Etsy",
    "kaufland": "Kaufland",
    "temu": "Temu",
}
DELIVERY_ICONS: dict[str, str] = {
    DeliveryKind.DOOR: "house",
    DeliveryKind.LOCKER: "archive",
    DeliveryKind.PICKUP: "map-pin",
    DeliveryKind.OWN: "truck",
}


@register.simple_tag
def source_icon(source: str) -> SafeString:
    """Where an order came from, as a small mark that says its name."""
    return icon(SOURCES.get(source, "inbox"), "small", source_name(source))


@register.filter
def source_name(source: str) -> str:
    """Where an order came from, as people call it."""
    told = {"manual": _("by hand"), "file": _("from a file")}
    return told.get(source) or SOURCE_NAMES.get(source, source)


@register.simple_tag
def delivery_icon(kind: str) -> SafeString:
    """How the parcel reaches the customer, as a small mark that says its name."""
    return icon(DELIVERY_ICONS.get(kind, "truck"), "small", str(DeliveryKind(kind).label))


@register.simple_tag
def pay_mark(order: Order) -> SafeString:
    """What is to be paid, and how: “COD 249,00”, “PAID 189,00”, “NOT PAID 64,00”."""
    style, word = _payment_of(order)
    return format_html('<b class="pay {}"><span>{}</span> {}</b>', style, word, amount(order.total))


def _payment_of(order: Order) -> tuple[str, str]:
    if order.is_paid:
        return "pay-paid", _("PAID")
    if order.payment_status == PaymentStatus.REFUNDED:
        return "", _("REFUNDED")
    if order.is_cod:
        return "pay-cod", _("COD")
    if order.payment_status == PaymentStatus.FAILED:
        return "pay-failed", _("FAILED")
    if order.payment_status == PaymentStatus.AUTHORIZED:
        return "pay-open", _("AUTHORIZED")
    return "pay-open", _("NOT PAID")


@register.filter
def money(amount: Decimal | None, currency: str) -> str:
    """The amount with its currency as people of the page's language write it; a bare code stands behind the number."""
    if amount is None:
        return ""
    return _money(amount, currency, get_language() or "en")


@lru_cache(maxsize=2000)
def _money(amount: Decimal, currency: str, language: str) -> str:
    has_word = (currency, language) in EVERYDAY_WORDS
    if not has_word and get_currency_symbol(currency, locale=language) == currency:
        return f"{format_decimal(amount, '#,##0.00', locale=language)}\xa0{currency}"
    return display(amount, currency, language)


@register.filter(expects_localtime=True)
def day(value: date | None) -> str:
    """A day as people of the page's language write it: “21 Nov 2026”, “21 nov. 2026”, “21 lis 2026”."""
    return "" if value is None else format_date(value, "d MMM y", locale=get_language() or "en")


@register.filter(expects_localtime=True)
def moment(value: datetime | None) -> str:
    """A day with hours and minutes."""
    return "" if value is None else f"{day(value)}, {value:%H:%M}"


@register.filter(expects_localtime=True)
def clock(value: datetime | None) -> str:
    """Hours and minutes."""
    return "" if value is None else f"{value:%H:%M}"


@register.filter(expects_localtime=True)
def soon(value: datetime | None) -> str:
    """A moment near by: “14:00” today, “23 Nov 14:00” on another day."""
    if value is None:
        return ""
    if value.date() == timezone.localtime().date():
        return f"{value:%H:%M}"
    return f"{format_date(value, 'd MMM', locale=get_language() or 'en')} {value:%H:%M}"


@register.filter(expects_localtime=True)
def this_year(value: datetime) -> str:
    """A recent moment for customers: the month in full, no year."""
    return f"{format_date(value, 'd MMMM', locale=get_language() or 'en')}, {value:%H:%M}"


@register.filter
def amount(value: Decimal | None) -> str:
    """The bare amount with two decimals, for places where the currency is plain to see."""
    return "" if value is None else _amount(value, get_language() or "en")


@lru_cache(maxsize=2000)
def _amount(value: Decimal, language: str) -> str:
    return str(format_decimal(value, "#,##0.00", locale=language))


@register.filter
def count(value: int) -> str:
    """A number with its thousands marked."""
    return format_decimal(value, locale=get_language() or "en")


@register.filter
def signed(value: int) -> str:
    """A difference with its sign: “+4”, “−1,200”."""
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{count(abs(value))}"


@register.filter
def since(moment: datetime | None) -> str:
    """How long ago, in two units at most: “48 min”, “2 h 10”, “3 d”."""
    return "" if moment is None else span(timezone.now() - moment)


@register.filter
def span(length: timedelta) -> str:
    """A stretch of time as cards write it."""
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes < 60:
        return _("%(minutes)s min") % {"minutes": minutes}
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return _("%(hours)s h %(minutes)s") % {"hours": hours, "minutes": f"{rest:02}"}
    return _("%(days)s d") % {"days": hours // 24}


@register.filter
def hours(value: Decimal | None) -> str:
    """A time limit in working hours, without needless zeros."""
    if value is None:
        return ""
    return _("%(hours)s h") % {"hours": format_decimal(value, "#,##0.#", locale=get_language() or "en")}


@register.filter
def carrier(code: str) -> str:
    """The name people know a courier by."""
    return carrier_name(code)


@register.filter
def payment_label(value: str) -> str:
    """The word for a payment status."""
    return str(PaymentStatus(value).label) if value in PaymentStatus.values else value


@register.filter
def reason_label(value: str) -> str:
    """The words for a reason of cancelling or a kind of return."""
    for choices in (CancelReason, ReturnKind):
        if value in choices.values:
            return str(choices(value).label)
    return value
