"""The AWB desk: a list is pasted or uploaded, looked through, and applied in steps; bad rows can be taken away.

The pages keep nothing: the rest of a list travels with the page, and every row is judged again when its turn comes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm.page_selectors.parcels.desk import BadRow, DeskSummary, bad_row, summary_of
from crm.parcel_forms import ApplyForm, AwbListForm, BadRowsForm, as_cells, as_json
from crm.views.parcels.access import actor_of, choose_shops, person, show
from inventory.exports import csv_lines
from orders.awb_files import AWBS, read_awbs
from orders.errors import OrderError
from orders.services.awb_lists import Verdict, look_through
from orders.services.awbs import NOTHING, assign_awb, settle_parcel
from shops.errors import DomainError

ROWS_OF_A_STEP = 100
SECONDS_OF_A_STEP = 1.0


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def desk(request: HttpRequest) -> HttpResponse:
    """The field for a list; POST looks it through and shows what it would do. 422 for what is no list."""
    choice = choose_shops(request)
    posted = request.method == "POST"
    form = AwbListForm(
        request.POST if posted else None, request.FILES if posted else None, country=choice.country
    )
    if not posted or not form.is_valid():
        return _page(request, form, status=422 if posted else 200)
    wanted = form.cleaned_data
    try:
        found = read_awbs(form.content, kind=wanted["kind"], file_name=form.file_name)
    except OrderError as error:
        return _page(request, form, status=422, error=error)
    summary = summary_of(found, person(request), wanted["carrier"])
    return _page(request, form, summary=summary, carry=_carry(summary, wanted["carrier"]))


@require_POST
@login_required
def apply(request: HttpRequest) -> HttpResponse:
    """Apply the next rows of a list, each in a transaction of its own; the answer carries the rest."""
    choose_shops(request)
    form = ApplyForm(request.POST)
    if not form.is_valid():
        return _page(request, AwbListForm(), status=422, error=_damaged(form))
    step = _Step(request, form)
    step.run()
    template = "desk.html#run" if request.htmx else "desk.html"  # type: ignore[attr-defined]
    return show(request, template, "desk", run=step.context(), form=AwbListForm())


@require_POST
@login_required
def bad_rows(request: HttpRequest) -> HttpResponseBase:
    """The refused rows as a file, to be put right and brought again."""
    choose_shops(request)
    form = BadRowsForm(request.POST)
    if not form.is_valid():
        return _page(request, AwbListForm(), status=422, error=_damaged(form))
    heading = [_("Line"), _("Row"), _("What is wrong")]
    response = StreamingHttpResponse(
        csv_lines([heading, *form.cleaned_data["bad"]]), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = 'attachment; filename="awb-problems.csv"'
    return response


def _page(request: HttpRequest, form: AwbListForm, *, status: int = 200, **context: Any) -> HttpResponse:
    return show(request, "desk.html", "desk", status=status, form=form, **context)


def _carry(summary: DeskSummary, carrier: str) -> dict[str, Any]:
    """What the summary hands to the first step, and the bad rows to their file."""
    return {
        "kind": summary.kind,
        "carrier": carrier,
        "rows": as_json(as_cells(verdict.row) for verdict in summary.good),
        "bad": _bad_json(summary.bad),
        "done": 0,
        "same": len(summary.same),
    }


def _bad_json(bad: list[BadRow]) -> str:
    return as_json([row.line, row.text[:500], row.why_not[:500]] for row in bad)


def _damaged(form: ApplyForm | BadRowsForm) -> OrderError:
    said = next((messages[0] for messages in form.errors.values()), "")
    return OrderError(str(said) or _("The list was damaged on its way. Paste it again."), code="damaged")


class _Step:
    """One step through a list: as many rows as fit in a second, a hundred at most."""

    def __init__(self, request: HttpRequest, form: ApplyForm) -> None:
        self.user, self.actor = person(request), actor_of(request)
        wanted = form.cleaned_data
        self.kind, self.carrier = wanted["kind"], wanted["carrier"]
        self.rows = form.awb_rows
        self.bad = [BadRow(*row[:3]) for row in wanted["bad"]]
        self.done, self.same = wanted["done"], wanted["same"]

    def run(self) -> None:
        end = time.monotonic() + SECONDS_OF_A_STEP
        tried = 0
        for verdict in self._verdicts():
            self._apply(verdict)
            tried += 1
            if time.monotonic() > end:
                break
        self.rows = self.rows[tried:]

    def _verdicts(self) -> Iterator[Verdict]:
        some = self.rows[:ROWS_OF_A_STEP]
        yield from look_through(some, kind=self.kind, user=self.user, carrier=self.carrier)

    def _apply(self, verdict: Verdict) -> None:
        if verdict.why_not:
            self.bad.append(bad_row(verdict))
            return
        try:
            changed = verdict.does != NOTHING and self._write(verdict)
        except DomainError as error:
            self.bad.append(bad_row(verdict, error.sentence))
            return
        self.done += changed
        self.same += not changed

    def _write(self, verdict: Verdict) -> bool:
        if self.kind == AWBS:
            assert verdict.order is not None
            return assign_awb(
                order_id=verdict.order.pk,
                actor=self.actor,
                carrier=verdict.carrier,
                tracking_number=verdict.row.number,
            )
        assert verdict.parcel is not None
        settled = settle_parcel(shipment_id=verdict.parcel.pk, actor=self.actor, outcome=verdict.outcome)
        return settled.does != NOTHING

    def context(self) -> dict[str, Any]:
        """How far it is, and what the next step needs."""
        bad = sorted(self.bad, key=lambda row: row.line)
        return {
            "kind": self.kind,
            "carrier": self.carrier,
            "rows": as_json(map(as_cells, self.rows)),
            "bad": bad,
            "bad_json": _bad_json(bad),
            "done": self.done,
            "same": self.same,
            "left": len(self.rows),
            "tried": self.done + self.same + len(bad),
            "total": self.done + self.same + len(bad) + len(self.rows),
            "is_about_outcomes": self.kind != AWBS,
        }
