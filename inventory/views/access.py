"""Whose stock a page is about: the shops a person may look at or change, and the one they chose."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from shops.models import Shop
from shops.permissions import Action
from shops.selectors import shop_ids_where, shops_of


@dataclass(frozen=True)
class ShopChoice:
    """The shops in which the person may do something, and those the page shows (all, or the one in `?shop=`)."""

    shops: list[Shop]
    slug: str

    @property
    def shown(self) -> list[Shop]:
        return [shop for shop in self.shops if self.slug in ("", shop.slug)]

    @property
    def shown_ids(self) -> list[int]:
        return [shop.pk for shop in self.shown]


def choose_shops(request: HttpRequest, action: Action) -> ShopChoice:
    """For pages that list: every shop in which the person may do this, or the one named by `?shop=`.

    Raises `Http404` for a shop they cannot reach, like for one that does not exist. Two queries.
    """
    choice = ShopChoice(_allowed(request, action), request.GET.get("shop", "")[:50])
    if choice.slug and not choice.shown:
        raise Http404
    return choice


def choose_one_shop(request: HttpRequest, action: Action) -> tuple[Shop, list[Shop]]:
    """For pages about one shop: the one named by `?shop=` (or posted), else the one used last, else the first.

    Answers it with all it could have been. Raises `PermissionDenied` where there is none, `Http404` for a foreign one.
    """
    shops = _allowed(request, action)
    if not shops:
        raise PermissionDenied
    slug = request.POST.get("shop") or request.GET.get("shop", "")
    if slug:
        chosen = next((shop for shop in shops if shop.slug == slug), None)
        if chosen is None:
            raise Http404
        return chosen, shops
    last = request.user.last_shop_id  # type: ignore[union-attr]
    return next((shop for shop in shops if shop.pk == last), shops[0]), shops


def _allowed(request: HttpRequest, action: Action) -> list[Shop]:
    allowed = shop_ids_where(request.user, action)  # type: ignore[arg-type]
    return [shop for shop in shops_of(request.user) if shop.pk in allowed]  # type: ignore[arg-type]
