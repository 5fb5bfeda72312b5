"""Writes the status graph of orders into docs/workflow.md, read from the workflow itself."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import override

from orders.models import Order
from orders.statuses import HAPPY_PATH, Status, Transition

PAGE = settings.BASE_DIR / "docs" / "workflow.md"
BEGIN, END = "<!-- begin: written by manage.py workflow_graph -->", "<!-- end -->"
REVERT = "revert"


class Command(BaseCommand):
    help = "Write the graph in docs/workflow.md anew; with --check only tell whether it is current."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing, fail if it is not current")

    def handle(self, *args: Any, check: bool = False, **options: Any) -> None:
        written = PAGE.read_text(encoding="utf-8")
        current = with_graph(written)
        if written == current:
            self.stdout.write("docs/workflow.md is current")
            return
        if check:
            raise CommandError("docs/workflow.md is not current; run manage.py workflow_graph")
        PAGE.write_text(current, encoding="utf-8")
        self.stdout.write("docs/workflow.md written")


def with_graph(page: str) -> str:
    """The page with what stands between its marks replaced by the graph and the table of today's workflow."""
    before, _begin, rest = page.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    with override("en"):
        return f"{before}{BEGIN}\n\n{mermaid()}\n\n{table()}\n\n{END}{after}"


def changes() -> list[tuple[str, str, str]]:
    """Every status change there is, as (from, to, transition), in the order of the happy path; reverts left out."""
    order = [*HAPPY_PATH, *(status for status in Status if status not in HAPPY_PATH)]
    workflow: Any = Order()
    found = {
        (str(change.source), str(change.target), change.name)
        for change in workflow.get_all_status_transitions()
        if change.name != REVERT
    }
    return sorted(found, key=lambda row: (order.index(Status(row[0])), order.index(Status(row[1]))))


def mermaid() -> str:
    """The graph as a Mermaid state diagram."""
    lines = [f"    {status.value} : {status.label}" for status in Status]
    lines += [f"    [*] --> {Status.NEW.value}"]
    lines += [f"    {source} --> {target} : {name.rstrip('_')}" for source, target, name in changes()]
    return "\n".join(["```mermaid", "stateDiagram-v2", "    direction LR", *lines, "```"])


def table() -> str:
    """The same as a table, with the verbs as buttons name them."""
    rows = [
        f"| {Status(source).label} | {Status(target).label} | {Transition(name).label} | `{name}` |"
        for source, target, name in changes()
    ]
    return "\n".join(["| from | to | button | transition |", "|---|---|---|---|", *rows])
