"""Pages that make a deal or an order by hand. Each button of the order's form posts it whole, so nothing is lost."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm import services
from crm.making_forms import MOST_LINES, DealForm, LineForm, LineFormSet, NewOrderForm, weightiest_rate
from crm.models import Deal
from crm.page_selectors.making import (
    customer_called,
    customers_called,
    free_units,
    product_hits,
    product_scanned,
    products_of_lines,
)
from crm.selectors.changes import visible_deal
from crm.selectors.funnels import funnel_by_slug
from crm.views.addresses import address_of
from crm.views.fragments import BoardPage, Toast
from inventory.models import Product
from inventory.views.access import choose_one_shop
from orders.drafts import LineDraft
from shops.actors import Actor
from shops.errors import DomainError
from shops.keyset import read_key
from shops.models import Shop
from shops.money import ZERO
from shops.permissions import Action, is_permitted

LINES = "lines"
# More units than anybody orders: the sums shown while typing stay amounts of money.
MOST_SUMMED = 1_000_000
LINE_FIELDS = ("product", "name", "quantity", "unit_price", "discount", "vat_rate")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_deal(request: HttpRequest, slug: str) -> HttpResponse:
    """A deal on a board, before there is an order: a dialog on the board, a page elsewhere."""
    funnel = funnel_by_slug(request.user, slug)  # type: ignore[arg-type]
    if funnel is None:
        raise Http404
    actor = _placing(request, funnel.shop_id)
    stages, currency = services.stages_to_begin_with(funnel), funnel.shop.currency
    if request.method != "POST":
        form = DealForm(stages=stages, currency=currency, initial={"form_key": uuid.uuid4()})
        return _deal_page(request, funnel, form)
    form = DealForm(request.POST, stages=stages, currency=currency)
    if not form.is_valid():
        return _deal_page(request, funnel, form, status=422)
    try:
        deal = services.create_deal(
            funnel_id=funnel.pk,
            draft=form.draft(),
            actor=actor,
            form_key=form.cleaned_data["form_key"],
            stage_id=form.stage_id,
        )
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, error.sentence)
        return _deal_page(request, funnel, form, status=422)
    made = _("“%(title)s” is on the board.") % {"title": deal.title}
    if request.htmx:  # type: ignore[attr-defined]
        page = BoardPage(request, funnel, address_of(request, slug))
        return page.answer(deal_ids=[deal.pk], toasts=[Toast(title=made)])
    messages.success(request, made)
    return _see(f"{reverse('crm:board', args=[slug])}#deal-card-{deal.pk}")


def _deal_page(request: HttpRequest, funnel: Any, form: DealForm, status: int = 200) -> HttpResponse:
    template = "crm/new_deal.html#dialog" if request.htmx else "crm/new_deal.html"  # type: ignore[attr-defined]
    return render(request, template, {"funnel": funnel, "form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_order(request: HttpRequest) -> HttpResponse:
    """An order by hand, for somebody on the phone."""
    shop, shops = choose_one_shop(request, Action.PLACE_ORDER)
    return NewOrderPage(request, shop, shops).answer()


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def order_of_deal(request: HttpRequest, deal_id: int) -> HttpResponse:
    """The order a deal becomes; once it has one, that order's page."""
    deal = visible_deal(request.user, deal_id)  # type: ignore[arg-type]
    if deal is None:
        raise Http404
    if deal.order is not None:
        return _see(reverse("crm:order", args=[deal.order.number]))
    shop = deal.funnel.shop
    _placing(request, shop.pk)
    return NewOrderPage(request, shop, [shop], deal).answer()


class NewOrderPage:
    """One answer of the page: what was typed, with a line more or less, what was looked up, or the order placed."""

    def __init__(self, request: HttpRequest, shop: Shop, shops: list[Shop], deal: Deal | None = None) -> None:
        self.request, self.shop, self.shops, self.deal = request, shop, shops, deal
        self.typed: QueryDict = request.POST
        self.rows = _rows_of(request.POST)
        self.text = "" if {"add", "add-free"} & request.POST.keys() else request.POST.get("q", "")

    def answer(self) -> HttpResponse:
        if self.request.method != "POST":
            return self._show(self._fresh_form())
        if "place" in self.typed:
            return self._place()
        form = self._form_as_typed()
        if "find" in self.typed and (product := product_scanned(self.shop, self.typed.get("q", ""))):
            self._add_product(product.pk)
            self.text = ""
        elif "add" in self.typed:
            self._add_product(read_key(self.typed.get("add", "")) or 0)
        elif "add-free" in self.typed:
            self._add_row({"quantity": "1", "name": self.typed.get("q", "")[:255]})
        elif "remove" in self.typed:
            index = read_key(self.typed.get("remove", ""))
            self.rows = [row for number, row in enumerate(self.rows) if number != index]
        elif "customer" in self.typed:
            form = self._with_customer(form, read_key(self.typed.get("customer", "")) or 0)
        return self._show(form)

    # --- Reading

    def _fresh_form(self) -> NewOrderForm:
        initial: dict[str, Any] = {
            "form_key": uuid.uuid4(),
            "language": self.shop.language,
            "country": self.shop.country[:2],
        }
        if self.deal is not None and self.deal.customer_id is not None:
            known = customer_called(self.request.user, self.shop, self.deal.customer_id)  # type: ignore[arg-type]
            initial |= {name: value for name, value in (known.values() if known else {}).items() if value}
        return NewOrderForm(shop=self.shop, initial=initial)

    def _form_as_typed(self, **changes: Any) -> NewOrderForm:
        typed = {name: self.typed.get(name, "") for name in NewOrderForm.base_fields}
        return NewOrderForm(shop=self.shop, initial=typed | changes)

    def _with_customer(self, form: NewOrderForm, customer_id: int) -> NewOrderForm:
        known = customer_called(self.request.user, self.shop, customer_id)  # type: ignore[arg-type]
        return self._form_as_typed(**known.values()) if known is not None else form

    def _add_product(self, product_id: int) -> None:
        product = products_of_lines(self.shop, [product_id]).get(product_id)
        if product is None:
            return
        for row in self.rows:
            if row["product"] == str(product_id):
                row["quantity"] = str((read_key(row["quantity"]) or 0) + 1)
                return
        price = "" if product.price is None else f"{product.price:.2f}"
        self._add_row(
            {
                "product": str(product_id),
                "name": product.name,
                "quantity": "1",
                "unit_price": price,
                "vat_rate": str(product.vat_rate),
            }
        )

    def _add_row(self, values: dict[str, str]) -> None:
        if len(self.rows) < MOST_LINES:
            self.rows.append({name: values.get(name, "") for name in LINE_FIELDS})

    def _lines(self, bound: bool) -> Any:
        if not bound:
            formset = LineFormSet(prefix=LINES, initial=self.rows)
            formset.extra = 0
            return formset
        fields = {
            f"{LINES}-{number}-{name}": value
            for number, row in enumerate(self.rows)
            for name, value in row.items()
        }
        management = {f"{LINES}-TOTAL_FORMS": str(len(self.rows)), f"{LINES}-INITIAL_FORMS": "0"}
        formset = LineFormSet(fields | management, prefix=LINES)
        for line in formset.forms:
            line.empty_permitted = False
        return formset

    # --- Writing

    def _place(self) -> HttpResponse:
        form, lines = NewOrderForm(self.typed, shop=self.shop), self._lines(bound=True)
        is_valid = form.is_valid() & lines.is_valid()
        if is_valid and not self.rows:
            form.add_error(None, _("The order has no line yet: search a product and add it."))
        if not is_valid or not self.rows:
            return self._show(form, lines, status=422)
        drafts = self._drafts(lines)
        try:
            order = services.create_order(
                shop_id=self.shop.pk,
                draft=form.order_draft(drafts, weightiest_rate(drafts)),
                actor=Actor.person(self.request.user),  # type: ignore[arg-type]
                form_key=form.cleaned_data["form_key"],
                deal_id=self.deal.pk if self.deal else None,
            )
        except DomainError as error:
            name = error.field.rpartition(".")[2]
            form.add_error(name if name in form.fields else None, error.sentence)
            return self._show(form, lines, status=422)
        messages.success(self.request, _("Order %(number)s is placed.") % {"number": order.number})
        address = reverse("crm:order", args=[order.number])
        if self.request.htmx:  # type: ignore[attr-defined]
            return HttpResponse(status=204, headers={"HX-Redirect": address})
        return _see(address)

    def _drafts(self, lines: Any) -> tuple[LineDraft, ...]:
        keys = [row.cleaned_data["product"] for row in lines.forms if row.cleaned_data["product"]]
        products = products_of_lines(self.shop, keys)
        return tuple(
            row.line(products.get(row.cleaned_data["product"]), self.shop.currency) for row in lines.forms
        )

    # --- Showing

    def _show(self, form: NewOrderForm, lines: Any = None, status: int = 200) -> HttpResponse:
        lines = lines if lines is not None else self._lines(bound=False)
        keys = [key for key in (read_key(row["product"]) for row in self.rows) if key]
        products, free = products_of_lines(self.shop, keys), free_units(self.shop, keys)
        who = self.typed.get("who", "")
        shown = [_shown(line, row, products, free) for line, row in zip(lines.forms, self.rows, strict=True)]
        context = {
            "shop": self.shop,
            "shops": self.shops,
            "deal": self.deal,
            "form": form,
            "lines": lines,
            "rows": shown,
            "goods": sum((row["total"] for row in shown), ZERO),
            "shipping": _money(str(form["shipping_total"].value() or "")),
            "text": self.text,
            "hits": product_hits(self.shop, self.text) if self.text else [],
            "who": who,
            "customers": customers_called(self.request.user, self.shop, who)  # type: ignore[arg-type]
            if "find-customer" in self.typed
            else [],
            "was_searched": bool(self.text),
            "was_asked": "find-customer" in self.typed,
        }
        context["total"] = context["goods"] + context["shipping"]
        template = "crm/new_order.html#sheet" if self.request.htmx else "crm/new_order.html"  # type: ignore[attr-defined]
        return render(self.request, template, context, status=status)


def _placing(request: HttpRequest, shop_id: int) -> Actor:
    actor = Actor.person(request.user)  # type: ignore[arg-type]
    if not is_permitted(actor, shop_id=shop_id, action=Action.PLACE_ORDER):
        raise PermissionDenied
    return actor


def _rows_of(typed: QueryDict) -> list[dict[str, str]]:
    count = min(read_key(typed.get(f"{LINES}-TOTAL_FORMS", "")) or 0, MOST_LINES)
    return [
        {name: typed.get(f"{LINES}-{number}-{name}", "") for name in LINE_FIELDS} for number in range(count)
    ]


def _shown(
    line: LineForm, row: dict[str, str], products: dict[int, Product], free: dict[int, int]
) -> dict[str, Any]:
    key = read_key(row["product"]) or 0
    wanted, price = min(read_key(row["quantity"]) or 0, MOST_SUMMED), _money(row["unit_price"])
    available = free.get(key)
    return {
        "form": line,
        "product": products.get(key),
        "available": available,
        "is_short": available is not None and available < wanted,
        "total": max(ZERO, price * wanted - _money(row["discount"])),
    }


def _money(text: str) -> Decimal:
    """An amount as typed, for the sums the page shows; what is no amount counts as nothing."""
    try:
        amount = Decimal(text.replace(",", ".") or "0")
    except ArithmeticError:
        return ZERO
    return amount if amount.is_finite() and 0 <= amount < Decimal("1e12") else ZERO


def _see(url: str) -> HttpResponse:
    return HttpResponse(status=303, headers={"Location": url})
