"""Reminders: a deal's own, the list across deals, and what is done to one.

Every address works as a plain form. htmx gets the deal's reminders back, or the one row of the list it was sent from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import services
from crm.models import Deal
from crm.page_selectors.reminders import (
    ReminderRow,
    colleagues_of,
    list_reminders,
    people_of,
    read_reminder_filter,
    reminders_of_deal,
    row_of,
)
from crm.reminder_forms import MomentForm, ReminderForm
from crm.selectors.changes import visible_deal
from shops.actors import Actor
from shops.errors import DomainError, NotPermitted
from shops.selectors import shops_of

ROW, OF_DEAL = "crm/parts/reminder_row.html", "crm/parts/reminders_of_deal.html"


@require_safe
@login_required
def reminder_list(request: HttpRequest) -> HttpResponse:
    """Open reminders by day: the person's own, or those of everybody they may see; by colour and shop."""
    wanted = read_reminder_filter(*(request.GET.get(name, "") for name in ("whose", "colour", "shop")))
    found = list_reminders(request.user, wanted, request.GET.get("after", ""))  # type: ignore[arg-type]
    context = {
        "wanted": wanted,
        "found": found,
        "is_first": "after" not in request.GET,
        "later": wanted.query(after=found.after) if found.after else "",
        "colleagues": colleagues_of(request.user),  # type: ignore[arg-type]
        "shops": shops_of(request.user),  # type: ignore[arg-type]
        "colours": [
            (code, label, wanted.query(colour="" if code == wanted.colour else code))
            for code, label in (("red", _("Overdue")), ("yellow", _("Due now")), ("green", _("Later")))
        ],
        "mine": wanted.query(whose="mine"),
        "everybody": wanted.query(whose="all"),
    }
    return render(request, "crm/reminders.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def deal_reminders(request: HttpRequest, deal_id: int) -> HttpResponse:
    """GET: a deal's reminders and the form for another. POST: set one."""
    deal = visible_deal(request.user, deal_id)  # type: ignore[arg-type]
    if deal is None:
        raise Http404
    if request.method != "POST":
        return _of_deal(request, deal)
    with timezone.override(deal.funnel.shop.zone):
        shown = reminders_of_deal(request.user, deal)  # type: ignore[arg-type]
        form = ReminderForm(request.POST, choices=shown.choices, people=shown.people)
        if not form.is_valid():
            return _of_deal(request, deal, form, status=422)
        try:
            services.set_reminder(deal_id=deal.pk, actor=_actor(request), **_arguments(form))
        except DomainError as error:
            status = 403 if isinstance(error, NotPermitted) else 422
            return _of_deal(request, deal, form, error.sentence, status)
    if request.htmx:  # type: ignore[attr-defined]
        return _of_deal(request, deal)
    return _done(request, _("The reminder is set."), deal)


@require_POST
@login_required
def snooze(request: HttpRequest, reminder_id: int) -> HttpResponse:
    """Put a reminder off."""
    row = _visible(request, reminder_id)
    with timezone.override(row.shop.zone):
        form = MomentForm(request.POST, choices=row.choices)
        if not form.is_valid():
            return _refused(request, row, str(form.errors["due_at"][0]))
        return _do(
            request,
            row,
            lambda: services.snooze_reminder(
                reminder_id=reminder_id, actor=_actor(request), due_at=form.cleaned_data["due_at"]
            ),
            _("The reminder was put off."),
        )


@require_POST
@login_required
def done(request: HttpRequest, reminder_id: int) -> HttpResponse:
    """Tick a reminder off; a second time changes nothing."""
    return _do(
        request,
        _visible(request, reminder_id),
        lambda: services.finish_reminder(reminder_id=reminder_id, actor=_actor(request)),
        _("Done."),
    )


@require_POST
@login_required
def remove(request: HttpRequest, reminder_id: int) -> HttpResponse:
    """Take a reminder away."""
    row = _visible(request, reminder_id)
    return _do(
        request,
        row,
        lambda: services.remove_reminder(reminder_id=reminder_id, actor=_actor(request)),
        _("The reminder was removed."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: HttpRequest, reminder_id: int) -> HttpResponse:
    """GET: the form of a reminder. POST: change when, for whom and what about."""
    row = _visible(request, reminder_id)
    with timezone.override(row.shop.zone):
        form = _edit_form(request, row, request.POST if request.method == "POST" else None)
        if not form.is_bound or not form.is_valid():
            return _edit_page(request, row, form, status=422 if form.is_bound else 200)
        return _do(
            request,
            row,
            lambda: services.edit_reminder(
                reminder_id=reminder_id, actor=_actor(request), **_arguments(form)
            ),
            _("The reminder was changed."),
            form,
        )


# --- Answers


def _do(
    request: HttpRequest,
    row: ReminderRow,
    change: Callable[[], Any],
    said: str,
    form: ReminderForm | None = None,
) -> HttpResponse:
    try:
        change()
    except DomainError as error:
        return _refused(request, row, error.sentence, form, 403 if isinstance(error, NotPermitted) else 422)
    if request.htmx:  # type: ignore[attr-defined]
        return _of_deal(request, row.deal) if _is_for_deal(request) else _fresh_row(request, row, said)
    return _done(request, said, row.deal)


def _refused(
    request: HttpRequest, row: ReminderRow, sentence: str, form: ReminderForm | None = None, status: int = 422
) -> HttpResponse:
    if not request.htmx:  # type: ignore[attr-defined]
        with timezone.override(row.shop.zone):
            return _edit_page(request, row, form or _edit_form(request, row), sentence, status)
    if _is_for_deal(request):
        return _of_deal(request, row.deal, sentence=sentence, status=status)
    return _fresh_row(request, row, sentence, is_problem=True, status=status)


def _done(request: HttpRequest, said: str, deal: Deal) -> HttpResponse:
    messages.success(request, said)
    return HttpResponse(status=303, headers={"Location": _back(request, deal)})


def _fresh_row(
    request: HttpRequest, row: ReminderRow, said: str, *, is_problem: bool = False, status: int = 200
) -> HttpResponse:
    fresh = row_of(request.user, row.reminder.pk)  # type: ignore[arg-type]
    context = {"row": fresh or row, "said": said, "is_problem": is_problem, "is_gone": fresh is None}
    return render(request, ROW, context, status=status)


def _of_deal(
    request: HttpRequest,
    deal: Deal,
    form: ReminderForm | None = None,
    sentence: str = "",
    status: int = 200,
) -> HttpResponse:
    shown = reminders_of_deal(request.user, deal)  # type: ignore[arg-type]
    context = {"reminders": shown, "reminder_form": form, "sentence": sentence, "deal": deal}
    template = OF_DEAL if request.htmx else "crm/reminders_deal.html"  # type: ignore[attr-defined]
    return render(request, template, context, status=status)


def _edit_page(
    request: HttpRequest, row: ReminderRow, form: ReminderForm, sentence: str = "", status: int = 200
) -> HttpResponse:
    sent = request.POST if request.method == "POST" else request.GET
    context = {"row": row, "deal": row.deal, "form": form, "sentence": sentence}
    context |= {"back": sent.get("back", ""), "next": sent.get("next", "")}
    return render(request, "crm/reminder.html", context, status=status)


def _edit_form(request: HttpRequest, row: ReminderRow, typed: Any = None) -> ReminderForm:
    return ReminderForm(
        typed,
        initial=ReminderForm.initial_of(row.reminder),
        choices=row.choices,
        people=people_of(row.shop.pk, request.user),  # type: ignore[arg-type]
    )


# --- Reading the request


def _visible(request: HttpRequest, reminder_id: int) -> ReminderRow:
    row = row_of(request.user, reminder_id)  # type: ignore[arg-type]
    if row is None:
        raise Http404
    return row


def _is_for_deal(request: HttpRequest) -> bool:
    """Whether the click came from a deal, which gets all its reminders back, and not from the list."""
    return request.POST.get("back") != "list"


def _arguments(form: ReminderForm) -> dict[str, Any]:
    return {
        "due_at": form.cleaned_data["due_at"],
        "person_id": form.cleaned_data["person"],
        "note": form.cleaned_data["note"],
    }


def _back(request: HttpRequest, deal: Deal) -> str:
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return wanted
    at_deal = f"{reverse('crm:deal', args=[deal.pk])}#deal-reminders"
    return at_deal if _is_for_deal(request) else reverse("crm:reminders")


def _actor(request: HttpRequest) -> Actor:
    return Actor.person(request.user)  # type: ignore[arg-type]
