"""The door for webhooks, and the page that shows what came through it."""

from __future__ import annotations

import logging

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from orders.imports import selectors, services
from orders.imports.errors import DeliveryRejected
from orders.imports.models import Delivery
from orders.imports.statuses import DeliveryState, Source
from orders.imports.woocommerce import is_ping
from shops.actors import Actor
from shops.errors import DomainError
from shops.models import User
from shops.permissions import Action
from shops.selectors import shop_ids_where, shops_of

logger = logging.getLogger(__name__)
LARGEST_BODY = 2_000_000


@csrf_exempt
@require_POST
def woocommerce_hook(request: HttpRequest, shop: str) -> HttpResponse:
    """Take one webhook delivery: 401 for a wrong signature, 413 for a huge body, 200 for all that is stored.

    The activation ping carries no signature and nothing worth keeping; WooCommerce wants exactly 200 for it.
    """
    if _declared_length(request) > LARGEST_BODY:
        return _say("The body is larger than 2 MB.", 413)
    try:
        body = request.body
    except UnreadablePostError:
        return _say("The body was cut off.", 400)
    signature = request.headers.get("X-WC-Webhook-Signature", "")
    if not signature and is_ping(body):
        return _say("Ready.", 200)
    try:
        delivery_id = services.receive_delivery(
            source=Source.WOOCOMMERCE,
            shop_slug=shop,
            body=body,
            signature=signature,
            topic=request.headers.get("X-WC-Webhook-Topic", ""),
            delivery_id=request.headers.get("X-WC-Webhook-Delivery-ID", ""),
        )
    except DeliveryRejected as refusal:
        return _say(refusal.sentence, 401)
    except Exception:
        logger.exception("a webhook delivery could not be stored")
        return _say("The delivery could not be stored; send it again.", 503)
    _process(delivery_id)
    return _say("Stored.", 200)


@require_GET
@login_required
def imports(request: HttpRequest) -> HttpResponse:
    """The deliveries of the person's shops; those that failed come first as long as there are any."""
    person = _person(request)
    if not selectors.may_see_imports(person):
        raise PermissionDenied
    failed = selectors.failed_count(person)
    state = request.GET.get("state", DeliveryState.FAILED if failed else "")
    page = selectors.deliveries_page(person, state=state, before=request.GET.get("before", ""))
    context = {
        "page": page,
        "state": state,
        "states": DeliveryState.choices,
        "failed": f"{selectors.MOST_COUNTED}+" if failed > selectors.MOST_COUNTED else failed,
        "connections": list(selectors.connections_for(person)),
        "retryable": selectors.retryable_shop_ids(person),
        "shops": list(shops_of(person).filter(pk__in=shop_ids_where(person, Action.VIEW_SECRETS))),
    }
    return render(request, "imports/list.html", context)


@require_GET
@login_required
def delivery(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """One delivery: what came of it, and the request as it came."""
    found = _visible_delivery(request, delivery_id)
    text, is_cut = selectors.body_text(found)
    may_retry = (
        found.shop_id in selectors.retryable_shop_ids(_person(request)) and found.state != DeliveryState.DONE
    )
    context = {"delivery": found, "body": text, "is_cut": is_cut, "may_retry": may_retry}
    return render(request, "imports/delivery.html", context)


@require_POST
@login_required
def retry(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Read a delivery again, and show what came of it."""
    _visible_delivery(request, delivery_id)
    try:
        services.retry_delivery(delivery_id=delivery_id, actor=Actor.person(_person(request)))
    except DomainError as refusal:
        messages.error(request, refusal.sentence)
    else:
        after = _visible_delivery(request, delivery_id)
        shout = messages.error if after.state == DeliveryState.FAILED else messages.success
        shout(request, after.outcome or _("Waiting"))
    return redirect("imports:delivery", delivery_id=delivery_id)


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _visible_delivery(request: HttpRequest, delivery_id: int) -> Delivery:
    found = selectors.delivery_detail(_person(request), delivery_id)
    if found is None:
        raise Http404
    return found


def _process(delivery_id: int) -> None:
    """What is stored will be read by the sweep if it cannot be read now: the sender is not to hear of it."""
    try:
        services.process_delivery(delivery_id=delivery_id)
    except Exception:
        logger.exception("delivery %s waits for the sweep", delivery_id)


def _declared_length(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isascii() and length.isdecimal() and len(length) < 19 else 0


def _say(sentence: str, status: int) -> HttpResponse:
    return HttpResponse(f"{sentence}\n", status=status, content_type="text/plain; charset=utf-8")
