"""Whose parcels a page is about: the shops in which a person ships, and the one they chose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from shops.actors import Actor
from shops.keyset import read_key
from shops.models import Shop, User
from shops.permissions import Action
from shops.selectors import keep_standings, shop_ids_where, shops_of

# One more than services take at once, so that they say so.
MOST_CHOSEN = 501


@dataclass(frozen=True)
class ParcelShops:
    """The shops whose parcels this person may send, and those the page shows (all, or the one in `?shop=`)."""

    shops: list[Shop]
    slug: str

    @property
    def shown(self) -> list[Shop]:
        return [shop for shop in self.shops if self.slug in ("", shop.slug)]

    @property
    def shown_ids(self) -> list[int]:
        return [shop.pk for shop in self.shown]

    @property
    def country(self) -> str:
        return self.shown[0].country


def choose_shops(request: HttpRequest, action: Action = Action.SHIP) -> ParcelShops:
    """The shops in which the person may do this; PermissionDenied where there is none, Http404 for a foreign `?shop=`."""
    user = person(request)
    keep_standings(user)
    allowed = shop_ids_where(user, action)
    if not allowed:
        raise PermissionDenied
    shops = [shop for shop in shops_of(user) if shop.pk in allowed]
    choice = ParcelShops(shops, request.GET.get("shop", "")[:50])
    if not choice.shown:
        raise Http404
    return choice


def chosen_orders(request: HttpRequest) -> list[int]:
    """The keys of `?order=` (repeated), once each; what can be nobody's key is left out, and what is too many."""
    given = request.POST if request.method == "POST" else request.GET
    keys = (read_key(text) for text in given.getlist("order"))
    return list(dict.fromkeys(key for key in keys if key is not None))[:MOST_CHOSEN]


def show(
    request: HttpRequest, template: str, room: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    """A page of the parcel rooms."""
    return render(request, f"crm/parcels/{template}", {"room": room, **context}, status=status)


def see(name: str, *arguments: Any, query: str = "") -> HttpResponse:
    """303 to another parcel page."""
    url = reverse(f"crm:{name}", args=arguments) + (f"?{query}" if query else "")
    return HttpResponse(status=303, headers={"Location": url})


def person(request: HttpRequest) -> User:
    return request.user  # type: ignore[return-value]


def actor_of(request: HttpRequest) -> Actor:
    return Actor.person(person(request))
