"""What is done to the ticked rows of a list, or to all that match: one POST, a sentence for what happened and what not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import parse_qs, urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from crm.models import Deal
from crm.page_selectors.customers_list import chosen_customers, read_customer_filter
from crm.page_selectors.order_filters import read_order_filter
from crm.page_selectors.orders import chosen_orders, shops_shown
from crm.services.listed import (
    MOST_AT_ONCE,
    ListedOutcome,
    claim_listed_orders,
    give_listed_customers,
    tag_listed_customers,
    tag_listed_orders,
)
from crm.views.lists import Params, customer_shops, ticked
from orders.models import Order
from shops.actors import Actor
from shops.keyset import read_key
from shops.permissions import Action
from shops.selectors import shop_ids_where, shops_of

MOST_NAMED = 5
PAGES = {"pick": "/parcels/pick/list/", "slips": "/parcels/pick/slips/"}


@require_POST
@login_required
def orders_chosen(request: HttpRequest) -> HttpResponse:
    """Claim, tag, move, pick, print or take away the ticked orders, or the newest 500 that match; 303 in any case."""
    params, back = _given(request), _back(request, "crm:orders")
    wanted = read_order_filter(params)
    do = request.POST.get("do", "")
    if do in ("csv", "xlsx"):
        return _to_file(request, "crm:order-file", do, params, "order")
    keys = _keys(request, "order")
    shops = shops_shown(list(shops_of(request.user)), wanted.shop)  # type: ignore[arg-type]
    found = list(chosen_orders(request.user, wanted, shops, keys))  # type: ignore[arg-type]
    if not found:
        return _nothing(request, back)
    if do in PAGES:
        return _see(f"{PAGES[do]}?{urlencode([('order', order.pk) for order in found])}")
    if do == "move":
        return _move(request, found, back)
    named = [(order.pk, order.number) for order in found]
    if do == "claim":
        _say(request, claim_listed_orders(named=named, actor=_actor(request)), _claimed, keys is None)
    elif do == "tag":
        outcome = tag_listed_orders(named=named, actor=_actor(request), name=request.POST.get("name", ""))
        _say(request, outcome, _tagged_orders, keys is None)
    else:
        raise Http404
    return _see(back)


@require_POST
@login_required
def customers_chosen(request: HttpRequest) -> HttpResponse:
    """Tag the ticked customers, or the newest 500 that match, say who looks after them, or take them away; 303."""
    params, back = _given(request), _back(request, "crm:customers")
    do = request.POST.get("do", "")
    if do in ("csv", "xlsx"):
        return _to_file(request, "crm:customer-file", do, params, "customer")
    wanted = read_customer_filter(params)
    keys = _keys(request, "customer")
    shops = shops_shown(customer_shops(request), wanted.shop)
    found = chosen_customers(request.user, wanted, shops, keys)  # type: ignore[arg-type]
    if not found:
        return _nothing(request, back)
    named, actor = [(customer.pk, str(customer)) for customer in found], _actor(request)
    if do == "tag":
        outcome = tag_listed_customers(named=named, actor=actor, name=request.POST.get("name", ""))
        _say(request, outcome, _tagged_customers, keys is None)
    elif do == "manager":
        person = request.POST.get("person", "")
        if person and read_key(person) is None:
            raise Http404
        outcome = give_listed_customers(named=named, actor=actor, user_id=read_key(person))
        _say(request, outcome, _given_away, keys is None)
    else:
        raise Http404
    return _see(back)


def _move(request: HttpRequest, found: Sequence[Order], back: str) -> HttpResponse:
    """The page that asks where to, and says what will not move and why; orders of one board only."""
    cards = Deal.objects.filter(order__in=[order.pk for order in found])
    boards = set(cards.values_list("funnel__slug", flat=True))
    if len(boards) == 1:
        pairs = [("order", order.pk) for order in found]
        return _see(f"{reverse('crm:bulk', args=[boards.pop()])}?{urlencode(pairs)}")
    if boards:
        said = _(
            "These orders stand on several boards. Narrow the list to one board, and move them board by board."
        )
    else:
        said = _("None of these orders has a card on a board.")
    messages.error(request, said)
    return _see(back)


def _to_file(request: HttpRequest, route: str, kind: str, params: Params, name: str) -> HttpResponse:
    if not shop_ids_where(request.user, Action.EXPORT):  # type: ignore[arg-type]
        raise PermissionDenied
    pairs = [(word, value) for word, values in params.items() for value in values if word != "after"]
    if not request.POST.get("all"):
        pairs += [(name, str(key)) for key in _keys(request, name) or ()]
        if not request.POST.getlist(name):
            return _nothing(request, _back(request, route.replace("-file", "s")))
    return _see(f"{reverse(route, args=[kind])}?{urlencode(pairs)}")


def _given(request: HttpRequest) -> Params:
    """The filters of the page the form was on."""
    return parse_qs(request.POST.get("query", "")[:4000])


def _keys(request: HttpRequest, name: str) -> list[int] | None:
    """The ticked rows, or None for all that match."""
    return None if request.POST.get("all") else ticked({name: request.POST.getlist(name)}, name)


def _back(request: HttpRequest, route: str) -> str:
    query = urlencode(_given(request), doseq=True)
    return f"{reverse(route)}?{query}" if query else reverse(route)


def _nothing(request: HttpRequest, back: str) -> HttpResponse:
    messages.error(request, _("Nothing is ticked. Tick the rows you mean, or choose all that match."))
    return _see(back)


def _say(request: HttpRequest, outcome: ListedOutcome, done: Callable[[int], str], took_all: bool) -> None:
    if outcome.done:
        messages.success(request, done(outcome.done))
    elif not outcome.refused:
        messages.info(request, _("There was nothing to change."))
    if outcome.refused:
        messages.error(request, _refusals(outcome))
    if took_all and outcome.done + outcome.already + len(outcome.refused) >= MOST_AT_ONCE:
        words = _("Only the newest %(most)d were taken; narrow the list and repeat for the others.")
        messages.warning(request, words % {"most": MOST_AT_ONCE})


def _refusals(outcome: ListedOutcome) -> str:
    """Why not, one sentence each for the first few; the same reason is said once."""
    reasons: dict[str, list[str]] = {}
    for name, sentence in outcome.refused:
        reasons.setdefault(sentence, []).append(name)
    said = []
    for sentence, names in list(reasons.items())[:MOST_NAMED]:
        more = f" +{len(names) - MOST_NAMED}" if len(names) > MOST_NAMED else ""
        said.append(f"{', '.join(names[:MOST_NAMED])}{more}: {sentence}")
    count = len(outcome.refused)
    head = ngettext("%(count)d was left as it is.", "%(count)d were left as they are.", count)
    return " ".join([head % {"count": count}, *said])


def _claimed(count: int) -> str:
    return ngettext("%(count)d order is yours now.", "%(count)d orders are yours now.", count) % {
        "count": count
    }


def _tagged_orders(count: int) -> str:
    return ngettext("%(count)d order is tagged.", "%(count)d orders are tagged.", count) % {"count": count}


def _tagged_customers(count: int) -> str:
    words = ngettext("%(count)d customer is tagged.", "%(count)d customers are tagged.", count)
    return words % {"count": count}


def _given_away(count: int) -> str:
    words = ngettext(
        "The personal manager of %(count)d customer is changed.",
        "The personal manager of %(count)d customers is changed.",
        count,
    )
    return words % {"count": count}


def _see(url: str) -> HttpResponse:
    return HttpResponse(status=303, headers={"Location": url})


def _actor(request: HttpRequest) -> Actor:
    return Actor.person(request.user)  # type: ignore[arg-type]
