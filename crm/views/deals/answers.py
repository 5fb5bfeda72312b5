"""How every address of a deal answers: to the board with fragments, to a plain form with a page or a redirect."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from crm.errors import StaleBoard
from crm.models import Deal
from crm.selectors.changes import visible_deal
from crm.views.addresses import address_of
from crm.views.fragments import BoardPage, Toast, refused_toast
from orders.errors import AlreadyDone
from shops.actors import Actor
from shops.errors import DomainError, NotPermitted
from shops.selectors import keep_standings


def visible(request: HttpRequest, deal_id: int) -> Deal:
    """The deal this request is about; Http404 where the person may not see it, as where there is none."""
    keep_standings(request.user)  # type: ignore[arg-type]
    found = visible_deal(request.user, deal_id)  # type: ignore[arg-type]
    if found is None:
        raise Http404
    return found


def actor_of(request: HttpRequest) -> Actor:
    """The person behind a request, as services know them."""
    return Actor.person(request.user)  # type: ignore[arg-type]


def wants_fragments(request: HttpRequest) -> bool:
    """Whether a script asked, which puts fragments where they belong."""
    return bool(request.htmx)  # type: ignore[attr-defined]


def board_of(request: HttpRequest, found: Deal) -> BoardPage:
    """The board the deal stands on, as the person sees it."""
    return BoardPage(request, found.funnel, address_of(request, found.funnel.slug))


def done(request: HttpRequest, found: Deal, toast: Toast | None, *, is_on_page: bool = False) -> HttpResponse:
    """What was asked for happened: the card as it is now and a toast, or back to the page it was asked from.

    What is only done on the deal's page (`is_on_page`) returns there.
    """
    if not wants_fragments(request):
        if toast:
            messages.success(request, toast.title)
        return see_other(reverse("crm:deal", args=[found.pk]) if is_on_page else back_of(request, found))
    seen = Deal.objects.visible_to(request.user).filter(pk=found.pk).exists()
    return board_of(request, found).answer(
        deal_ids=[found.pk] if seen else [],
        removed=[] if seen else [found.pk],
        toasts=[toast] if toast else [],
    )


def refused(request: HttpRequest, found: Deal, error: DomainError) -> HttpResponse:
    """A refusal in words: with the card as it is, or as a page."""
    status = status_of(error)
    if not wants_fragments(request):
        # Read again, and with 404 where the deal is not to be seen any more.
        context = {"deal": visible(request, found.pk), "error": error}
        return render(request, "crm/move.html", context, status=status)
    seen = Deal.objects.visible_to(request.user).filter(pk=found.pk).exists()
    return board_of(request, found).answer(
        deal_ids=[found.pk] if seen else [],
        removed=[] if seen else [found.pk],
        toasts=[refused_toast(error.sentence)],
        status=status,
    )


def status_of(error: DomainError) -> int:
    """The status a refusal of the board is answered with."""
    if isinstance(error, NotPermitted):
        return 403
    return 409 if isinstance(error, StaleBoard) else 422


def form_status(error: DomainError | None, form: Any) -> int:
    """The status of a form that is shown (again)."""
    if error is None:
        return 422 if form.errors else 200
    if isinstance(error, NotPermitted):
        return 403
    return 409 if isinstance(error, AlreadyDone) or error.code == "changed_meanwhile" else 422


def back_of(request: HttpRequest, found: Deal) -> str:
    """Where a plain form returns to: what it names, if that is ours, else the card on its board."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return wanted
    return f"{reverse('crm:board', args=[found.funnel.slug])}#deal-card-{found.pk}"


def see_other(url: str) -> HttpResponse:
    """303 to an address."""
    return HttpResponse(status=303, headers={"Location": url})
