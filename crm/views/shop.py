"""A shop's page, and the two buttons that open its webhook and change the secret."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from crm.page_selectors.shop import ShopPage, shop_page
from orders.imports.services.connecting import open_connection, renew_secret
from orders.imports.statuses import Source
from shops.actors import Actor


@require_safe
@login_required
@never_cache
def shop(request: HttpRequest, slug: str) -> HttpResponse:
    """Identity, connection and people of one shop; the secret only for who may see secrets."""
    return render(request, "crm/shop.html", {"page": _visible_shop(request, slug)})


@require_POST
@login_required
def shop_connect(request: HttpRequest, slug: str) -> HttpResponse:
    """Open the webhook of the shop's online shop: make its secret. Doing it again changes nothing."""
    page = _visible_shop(request, slug, with_secrets=True)
    open_connection(shop_id=page.shop.pk, source=Source.WOOCOMMERCE)
    messages.success(
        request, _("The webhook is open. Copy the address and the secret into your online shop.")
    )
    return _back(slug)


@require_POST
@login_required
def shop_renew_secret(request: HttpRequest, slug: str) -> HttpResponse:
    """Replace the webhook's secret; deliveries signed with the old one are refused from now on."""
    page = _visible_shop(request, slug, with_secrets=True)
    for door in page.doors:
        if door.connection is not None:
            renew_secret(connection_id=door.connection.pk, actor=Actor.person(request.user))  # type: ignore[arg-type]
    messages.success(
        request, _("The secret is new. Copy it into your online shop, or its orders are refused.")
    )
    return _back(slug)


def _visible_shop(request: HttpRequest, slug: str, *, with_secrets: bool = False) -> ShopPage:
    page = shop_page(request.user, slug)  # type: ignore[arg-type]
    if page is None:
        raise Http404
    if with_secrets and not page.may_see_secrets:
        raise PermissionDenied
    return page


def _back(slug: str) -> HttpResponse:
    return HttpResponse(status=303, headers={"Location": reverse("crm:shop", args=[slug])})
