"""Products as people write them: made, changed and deleted by hand, with every rule asked in one place.

A change names what the person saw before; whatever somebody else changed meanwhile is never overwritten silently.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import Sum
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from inventory.errors import StockError
from inventory.models import Product, Reservation, StockItem, StockMovement
from inventory.services.catalogue import ensure_category, ensure_family
from inventory.services.limits import check_text
from inventory.services.pictures import Picture, delete_files, forget_files, store_picture
from inventory.services.sheet import lock_items_of
from shops.actors import Actor
from shops.locks import lock_one
from shops.permissions import Action, require

EDITABLE = (
    "barcode",
    "sku",
    "name",
    "variant",
    "unit",
    "price",
    "price_currency",
    "cost",
    "cost_currency",
    "vat_rate",
    "weight_grams",
    "place",
    "is_tracked",
    "allow_backorder",
    "preorder_from",
    "expected_on",
    "supplier",
    "lead_time_days",
    "pack_size",
    "is_active",
)
NAMED = ("category", "family")
NOT_CHECKED = {"shop", "category", "family", "picture", "search_text"}


def create_product(
    *, shop_id: int, values: Mapping[str, Any], actor: Actor, picture: Picture | None = None
) -> Product:
    """A new product of the shop. `values` by field name; category and family by their names, made where new.

    Raises `NotPermitted`, or `StockError` naming the field: a SKU or barcode that is taken, a value that is not one.
    """
    require(actor, shop_id=shop_id, action=Action.EDIT_PRODUCT)
    with _stored(picture) as name, transaction.atomic():
        product = Product(shop_id=shop_id, picture=name)
        _apply(product, values)
        _refuse_taken_codes(product, values)
        _save(product)
    return product


def edit_product(
    *,
    product_id: int,
    values: Mapping[str, Any],
    shown: Mapping[str, Any],
    actor: Actor,
    picture: Picture | None = None,
    remove_picture: bool = False,
) -> Product:
    """Change the named values of a product, and nothing else. `shown` is what the person saw of each before.

    Raises `NotPermitted`, or `StockError` naming the field: with the code "stale" where somebody else changed it
    meanwhile, to something else than what is wanted now.
    """
    shop_id = Product.objects.values_list("shop_id", flat=True).get(pk=product_id)
    require(actor, shop_id=shop_id, action=Action.EDIT_PRODUCT)
    with _stored(picture) as name, transaction.atomic():
        product = lock_one(Product.objects.select_related("category", "family"), product_id)
        _refuse_stale(product, values, shown)
        if values.get("is_tracked", True) is False:
            refuse_untracking(product)
        _apply(product, values)
        if name or remove_picture:
            _refuse_stale_picture(product, shown)
            forget_files(product.picture.name or "")
            product.picture = name
        _refuse_taken_codes(product, values)
        _save(product)
    return product


@transaction.atomic
def delete_product(*, product_id: int, actor: Actor) -> None:
    """Delete a product nothing ever happened to. Raises `StockError` for one with a history: that is archived."""
    product = lock_one(Product.objects.all(), product_id)
    require(actor, shop_id=product.shop_id, action=Action.EDIT_PRODUCT)
    try:
        if has_stock_history(product):
            raise models.ProtectedError("stock moved", set())
        StockItem.objects.filter(product=product).delete()
        product.delete()
    except models.ProtectedError as error:
        raise StockError(
            _(
                "%(product)s has a history, so it stays. Archive it instead: it leaves the lists, not the books."
            )
            % {"product": product},
            code="has_history",
        ) from error
    forget_files(product.picture.name or "")


def has_stock_history(product: Product) -> bool:
    """Whether its stock ever moved or somebody holds or waits for some."""
    return (
        StockMovement.objects.filter(stock_item__product=product).exists()
        or Reservation.objects.filter(stock_item__product=product).exists()
    )


def refuse_untracking(product: Product) -> None:
    """Raise `StockError` while anybody holds or waits for the product: what is not counted could never be given out."""
    if not product.is_tracked:
        return
    lock_items_of({product.pk: product})
    held = Reservation.objects.filter(stock_item__product=product).aggregate(
        reserved=Sum("reserved", default=0), waiting=Sum("backordered", default=0)
    )
    if held["reserved"] or held["waiting"]:
        raise StockError(
            _(
                "Its stock must stay counted while orders hold it: %(reserved)s are reserved, %(waiting)s waited for."
                " Ship or cancel these orders first."
            )
            % held,
            code="reserved",
            field="is_tracked",
        )


def value_of(product: Product, field: str) -> Any:
    """What a product says in one field, as forms show it: category and family by their names."""
    value = getattr(product, field)
    return (value.name if value else "") if field in NAMED else value


def _apply(product: Product, values: Mapping[str, Any]) -> None:
    for field in EDITABLE:
        if field in values:
            setattr(product, field, values[field])
    for field, value in values.items():
        if isinstance(value, str):
            check_text(value, field=field)
    if "category" in values:
        name = values["category"].strip()
        product.category = ensure_category(shop_id=product.shop_id, name=name) if name else None
    if "family" in values:
        name = values["family"].strip()
        product.family = ensure_family(shop_id=product.shop_id, name=name) if name else None


def _refuse_stale(product: Product, values: Mapping[str, Any], shown: Mapping[str, Any]) -> None:
    for field, wanted in values.items():
        now = value_of(product, field)
        if now != shown.get(field) and now != wanted:
            raise StockError(
                _(
                    "Meanwhile somebody changed “%(field)s” to “%(now)s”. Write what it should be and save once more."
                )
                % {"field": _label(field), "now": _said(now)},
                code="stale",
                field=field,
            )


def _refuse_stale_picture(product: Product, shown: Mapping[str, Any]) -> None:
    if (product.picture.name or "") != shown.get("picture", ""):
        raise StockError(
            _("Meanwhile somebody changed the picture. Look at it, then choose yours once more."),
            code="stale",
            field="picture",
        )


def _refuse_taken_codes(product: Product, values: Mapping[str, Any]) -> None:
    """SKU and barcode name one product of a shop. Two callers at once are caught by the SKU's constraint."""
    mine = Product.objects.filter(shop_id=product.shop_id).exclude(pk=product.pk)
    if values.get("sku") and (other := mine.filter(sku=product.sku).exclude(sku="").first()):
        _refuse_code("sku", _("This SKU belongs to “%(product)s” already."), other)
    if values.get("barcode") and (other := mine.filter(barcode=product.barcode).exclude(barcode="").first()):
        _refuse_code("barcode", _("This barcode belongs to “%(product)s” already."), other)


def _refuse_code(field: str, sentence: str, other: Product) -> NoReturn:
    raise StockError(sentence % {"product": other}, code="taken", field=field)


def _save(product: Product) -> None:
    try:
        product.full_clean(exclude=NOT_CHECKED, validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        field, problems = next(iter(error.message_dict.items()))
        raise StockError(str(problems[0]), code="invalid", field=field) from error
    try:
        with transaction.atomic():
            product.save()
    except IntegrityError as error:
        raise StockError(
            _("Another product with this SKU was saved a moment ago."), code="taken", field="sku"
        ) from error


@contextmanager
def _stored(picture: Picture | None) -> Iterator[str]:
    """The name of the stored picture; its files go again when what follows fails."""
    name = store_picture(picture) if picture else ""
    try:
        yield name
    except BaseException:
        if name:
            delete_files(name)
        raise


def _label(field: str) -> str:
    return str(capfirst(str(getattr(Product._meta.get_field(field), "verbose_name", field))))


def _said(value: Any) -> str:
    if value is True or value is False:
        return _("yes") if value else _("no")
    return _("empty") if value in (None, "") else str(value)
