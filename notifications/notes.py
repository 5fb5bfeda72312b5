"""The words of notes to colleagues: what runs low in stock, which order can be sent now. Plain text, no template."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from inventory.events import ReportLine, StockReportDue
from orders.events import OrderBecameShippable


@dataclass(frozen=True)
class Note:
    """A note in words."""

    subject: str
    text: str


def stock_report(event: StockReportDue, *, shop_name: str, language: str) -> Note:
    """What runs low in a shop, what is new first, with the address of the page that shows all of it."""
    with override(language):
        subject = ngettext(
            "%(shop)s: %(count)d product runs low", "%(shop)s: %(count)d products run low", event.total
        ) % {"shop": shop_name, "count": event.total}
        paragraphs = [subject]
        for title, lines in (
            (_("Since yesterday:"), [line for line in event.lines if line.is_new]),
            (_("As before:"), [line for line in event.lines if not line.is_new]),
        ):
            if lines:
                paragraphs.append("\n".join([title, *(_low(line) for line in lines)]))
        left_out = event.total - len(event.lines)
        if left_out > 0:
            more = ngettext("… and %(count)d more.", "… and %(count)d more.", left_out)
            paragraphs.append(more % {"count": left_out})
        paragraphs.append(_("All of it: %(address)s") % {"address": f"{settings.OMS_PUBLIC_URL}/stock/low/"})
    return Note(subject, "\n\n".join(paragraphs))


def shippable(event: OrderBecameShippable, *, language: str) -> Note:
    """That the last goods an order waited for arrived, and what can be sent."""
    with override(language):
        values = {
            "number": event.number,
            "address": f"{settings.OMS_PUBLIC_URL}/orders/{quote(event.number)}/",
        }
        subject = _("%(number)s: the goods arrived, it can be sent") % values
        said = _("Everything order %(number)s waited for is here now.") % values
        where = _("The order: %(address)s") % values
    return Note(subject, "\n\n".join(filter(None, (said, "\n".join(event.lines), where))))


def handed_over(*, number: str, by: str, words: str, language: str) -> Note:
    """That a colleague gave an order to the reader, with what they said."""
    with override(language):
        values = {
            "number": number,
            "name": by,
            "address": f"{settings.OMS_PUBLIC_URL}/orders/{quote(number)}/",
        }
        subject = _("%(number)s is yours now") % values
        said = _("%(name)s handed order %(number)s over to you.") % values
        where = _("The order: %(address)s") % values
    return Note(subject, "\n\n".join(filter(None, (said, words, where))))


def _low(line: ReportLine) -> str:
    words = _("- %(sku)s %(name)s (%(warehouse)s): %(available)s available, safety stock %(safety)s") % {
        "sku": line.sku,
        "name": line.name,
        "warehouse": line.warehouse,
        "available": line.available,
        "safety": line.safety_stock,
    }
    if line.waiting:
        words += "; " + _("%(count)s promised and missing") % {"count": line.waiting}
    if line.suggested:
        words += "; " + _("order %(count)s") % {"count": line.suggested}
    return words
