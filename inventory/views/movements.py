"""The short forms that change stock: a product is scanned, what happened is typed, where it leads is shown, it is saved.

One address per kind of movement; it works as a plain form, and htmx shows the outcome while one types.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from inventory import services
from inventory.forms.movements import KINDS, Kind, MovementForm, asked_values
from inventory.models import Product
from inventory.page_selectors.finding import find_by_code, read_code
from inventory.page_selectors.ledger import latest_of
from inventory.page_selectors.shelf import Shelf, shelf_of, usual_reasons
from inventory.references import Named, named
from inventory.services import Outlook
from inventory.views.access import ShopChoice, choose_shops
from shops.actors import Actor
from shops.errors import DomainError, NotPermitted
from shops.keyset import read_key
from shops.permissions import Action, is_permitted
from shops.selectors import shop_ids_where

MOST_NAMED = 10


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def movement(request: HttpRequest, slug: str) -> HttpResponse:
    """Find the product, show where the movement leads, book it: 303 to the next scan, 409 if the stock moved meanwhile."""
    kind, choice = KINDS[slug], choose_shops(request, Action.CHANGE_STOCK)
    if not choice.shops:
        raise PermissionDenied
    product = _chosen_product(request, choice)
    if product is None:
        return _scan(request, kind, choice)
    desk = Desk(request, kind, choice, product)
    if request.method == "POST":
        return _save(desk)
    if request.htmx and "preview" in request.GET:  # type: ignore[attr-defined]
        return _preview(desk)
    return desk.page(desk.form(initial=_begin_with(desk)))


class Desk:
    """One form about one product, on the desk of one person."""

    def __init__(self, request: HttpRequest, kind: Kind, choice: ShopChoice, product: Product) -> None:
        self.request, self.kind, self.choice, self.product = request, kind, choice, product
        self.actor = Actor.person(request.user)  # type: ignore[arg-type]
        self.shelf: Shelf = shelf_of(product)
        if not self.shelf.warehouses:
            services.create_default_warehouse(shop_id=product.shop_id)
            self.shelf = shelf_of(product)

    def form(self, posted: QueryDict | None = None, initial: dict[str, Any] | None = None) -> MovementForm:
        may_edit = is_permitted(self.actor, shop_id=self.product.shop_id, action=Action.EDIT_PRODUCT)
        return self.kind.form(
            self.product,
            posted,
            warehouses=self.shelf.warehouses,
            may_edit_product=may_edit,
            initial=initial,
        )

    @property
    def memory(self) -> str:
        """Where the session keeps what the next form of this kind begins with."""
        return f"stock-{self.kind.slug}-{self.product.shop_id}"

    def page(self, form: MovementForm, status: int = 200, **context: Any) -> HttpResponse:
        user = self.request.user
        reasons = usual_reasons(user, self.kind.movement)  # type: ignore[arg-type]
        context |= {
            "product": self.product,
            "shelf": self.shelf,
            "form": form,
            "reasons": list(dict.fromkeys([*reasons, *(str(reason) for reason in self.kind.usual)])),
            "is_alone": self.kind.slug == "transfer" and len(self.shelf.warehouses) < 2,
        }
        return _page(self.request, self.kind, self.choice, status, **context)


@dataclass(frozen=True)
class Shown:
    """Where a change leads, as the page tells it; `seal` says that it was told."""

    outlook: Outlook
    seal: str
    gets: list[tuple[Named, int]]
    waits: list[tuple[Named, int]]

    @property
    def unseen_gets(self) -> int:
        return len(self.outlook.gets) - len(self.gets)

    @property
    def unseen_waits(self) -> int:
        return len(self.outlook.waits) - len(self.waits)


def _scan(request: HttpRequest, kind: Kind, choice: ShopChoice) -> HttpResponse:
    """The empty scan field, with what the last code may have meant; a code that is certain leads to its product."""
    found = find_by_code(read_code(request.GET.get("barcode", "")), shop_ids=choice.shown_ids)
    if found.product is not None:
        return redirect(f"{request.path}?{urlencode({'product': found.product.pk})}")
    create_url = _create_url(request, choice, found.code) if found.code and not found.hits else ""
    return _page(request, kind, choice, 200, found=found, create_url=create_url)


def _create_url(request: HttpRequest, choice: ShopChoice, code: str) -> str:
    """The form of a new product with this code filled in; empty for people who may not add one."""
    editable = shop_ids_where(request.user, Action.EDIT_PRODUCT)  # type: ignore[arg-type]
    if not set(editable) & set(choice.shown_ids):
        return ""
    asked = {"barcode": code if code.isalnum() else "", "shop": choice.slug}
    return f"{reverse('inventory:product-new')}?{urlencode({name: text for name, text in asked.items() if text})}"


def _save(desk: Desk) -> HttpResponse:
    form = desk.form(desk.request.POST)
    if not form.is_valid():
        return desk.page(form, status=422)
    change, shown = form.change(), desk.request.POST.get("shown", "")[:100]
    try:
        booked = services.book(change=change, key=form.cleaned_data["key"], shown=shown, actor=desk.actor)
    except DomainError as refusal:
        return _refused(desk, form, refusal)
    desk.request.session[desk.memory] = form.remembered()
    if booked.outlook is None:
        messages.warning(desk.request, _("This form was saved before; nothing was booked a second time."))
    else:
        messages.success(desk.request, _said(desk.product, booked.outlook))
    return HttpResponse(status=303, headers={"Location": desk.request.path})


def _refused(desk: Desk, form: MovementForm, refusal: DomainError) -> HttpResponse:
    """The form again: with the numbers as they are now, or with the sentence that says why not."""
    if refusal.code not in ("outdated", "unseen"):
        _add_refusal(form, refusal)
        return desk.page(form, status=403 if isinstance(refusal, NotPermitted) else 422)
    outdated = refusal.code == "outdated"
    context = {"outdated": refusal.sentence if outdated else "", **_told(desk, form)}
    return desk.page(form, status=409 if outdated else 200, **context)


def _preview(desk: Desk) -> HttpResponse:
    """The part of the page that says where it leads, for what is typed so far."""
    form = desk.form(desk.request.GET)
    form.fields["reason"].required = False
    if not desk.request.GET.get("quantity", "").strip():
        told: dict[str, Any] = {}
    elif form.is_valid():
        told = _told(desk, form)
    else:
        told = {"refusal": next(iter(form.errors.values()))[0]}
    return render(desk.request, "inventory/movement.html#outlook", {"kind": desk.kind, **told})


def _told(desk: Desk, form: MovementForm) -> dict[str, Any]:
    """Where the change of a valid form leads, or why it is refused."""
    change = form.change()
    try:
        outlook = services.foresee(change=change, actor=desk.actor)
    except DomainError as refusal:
        return {"refusal": refusal.sentence}
    gets, waits = outlook.gets[:MOST_NAMED], outlook.waits[:MOST_NAMED]
    names = named({share.reference for share in (*gets, *waits)}, desk.request.user)  # type: ignore[arg-type]
    shown = Shown(
        outlook,
        services.seal(change, outlook),
        [(names[share.reference], share.units) for share in gets],
        [(names[share.reference], share.units) for share in waits],
    )
    return {"shown": shown}


def _add_refusal(form: MovementForm, refusal: DomainError) -> None:
    name = {"difference": "quantity"}.get(refusal.field, refusal.field)
    form.add_error(name if name in form.fields else None, refusal.sentence)


def _said(product: Product, outlook: Outlook) -> str:
    moved = "; ".join(
        f"{shift.on_hand[0]} → {shift.on_hand[1]} ({shift.warehouse})" for shift in outlook.shifts
    )
    said = _("%(product)s: on hand %(moved)s.") % {"product": product, "moved": moved}
    units = sum(share.units for share in outlook.gets)
    if not units:
        return said
    given = ngettext(
        "%(count)s unit went to whoever waited for it.", "%(count)s units went to those who waited.", units
    )
    return f"{said} {given % {'count': units}}"


def _begin_with(desk: Desk) -> dict[str, Any]:
    remembered = desk.request.session.get(desk.memory, {})
    return {**remembered, **asked_values(desk.kind.form, desk.request.GET)}


def _chosen_product(request: HttpRequest, choice: ShopChoice) -> Product | None:
    """The product named by key; 404 for a foreign one, 403 where the person may look at it only."""
    text = request.POST.get("product") or request.GET.get("product", "")
    if not text:
        return None
    mine = Product.objects.visible_to(request.user).select_related("shop")
    product = mine.filter(pk=read_key(text) or 0).first()
    if product is None:
        raise Http404
    if product.shop_id not in {shop.pk for shop in choice.shops}:
        raise PermissionDenied
    return product


def _page(request: HttpRequest, kind: Kind, choice: ShopChoice, status: int, **context: Any) -> HttpResponse:
    product: Product | None = context.get("product")
    context |= {
        "room": "movement",
        "kind": kind,
        "kinds": KINDS.values(),
        "suffix": f"?product={product.pk}" if product else "",
        "shops": choice.shops,
        "lines": latest_of(request.user, shop_ids=[shop.pk for shop in choice.shops]),  # type: ignore[arg-type]
    }
    return render(request, "inventory/movement.html", context, status=status)
