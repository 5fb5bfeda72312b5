"""Which message or order a request is about; what this person may not read does not exist."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from notifications.models import Message
from notifications.page_selectors import message_for
from orders.models import Order
from shops.permissions import Action, role_allows
from shops.selectors import role_in_shop


def readable(request: HttpRequest, message_id: uuid.UUID) -> Message:
    """The message, or 404."""
    found = message_for(request.user, message_id)  # type: ignore[arg-type]
    if found is None:
        raise Http404
    return found


def order_read_about(request: HttpRequest, order_id: int) -> Order:
    """The order whose messages this person may read, or 404."""
    found = (
        Order.objects.visible_to(request.user)
        .select_related("shop", "shipping_address", "billing_address")
        .filter(pk=order_id)
        .first()
    )
    if found is None or not may(request, found.shop_id, Action.VIEW_MESSAGES):
        raise Http404
    return found


def may(request: HttpRequest, shop_id: int, action: str) -> bool:
    """Whether this person's role in the shop includes an action."""
    return role_allows(role_in_shop(user_id=request.user.pk, shop_id=shop_id), action)


def way_back(request: HttpRequest, otherwise: str) -> str:
    """Where the form came from, when it says so and it is ours."""
    wanted = request.POST.get("next", "") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else otherwise
