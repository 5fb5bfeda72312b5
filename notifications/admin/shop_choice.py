"""Which shop a page of messages' admin is about: the one the address names, or the first the person administers."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from shops.admin_scope import scope
from shops.models import Shop


def choose_shop(request: HttpRequest) -> tuple[Shop, list[Shop]]:
    """The shop, and all this person may choose from. Raises PermissionDenied for any other."""
    shops = list(scope(Shop.objects.filter(is_active=True), request).order_by("name"))
    slug = request.POST.get("shop") or request.GET.get("shop", "")
    shop = next((shop for shop in shops if shop.slug == slug), None if slug else next(iter(shops), None))
    if shop is None:
        raise PermissionDenied
    return shop, shops
