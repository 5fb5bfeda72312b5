"""The pages of imports: the list of files, and one file with what it would change and what is wrong in it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from inventory.models import ImportState, StockImport
from inventory.references import Named
from inventory.stock_files.columns import BY_KEY, FILE_COLUMNS
from inventory.stock_files.problems import Problem, name_of_warning
from shops.keyset import Page, newest_key_first, read_key

if TYPE_CHECKING:
    from shops.models import User

BUSY = (ImportState.UPLOADED, ImportState.CHECKING, ImportState.APPROVED, ImportState.APPLYING)
FIRST_SHOWN = 20
MOST_PROBLEMS = 200
# Everything but the file itself and what only the worker needs.
HEAVY = ("content", "baseline")


def imports_page(shop_ids: Sequence[int], after: str) -> Page[StockImport]:
    """The imports of these shops, newest first."""
    rows = StockImport.objects.select_related("shop", "warehouse").defer(
        *HEAVY, "summary", "problems", "changes", "options"
    )
    return newest_key_first(rows.filter(shop_id__in=shop_ids), after, shop_ids=shop_ids)


@dataclass(frozen=True)
class Difference:
    """One field of a known product, before and after."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class ShownChange:
    """One row that changes something, in the words of the page."""

    row: int
    sku: str
    name: str
    fields: list[Difference]
    stock: tuple[int, int, int] | None


@dataclass(frozen=True)
class ImportPage:
    """One import as its page shows it."""

    job: StockImport
    language: str

    @property
    def is_busy(self) -> bool:
        return self.job.state in BUSY

    @property
    def is_writing(self) -> bool:
        """Whether everything was compared and is being written in one go."""
        job = self.job
        return job.state == ImportState.APPLYING and job.rows_total > 0 and job.rows_done >= job.rows_total

    @property
    def may_be_cancelled(self) -> bool:
        return self.job.state in (*BUSY, ImportState.CHECKED) and self.job.state != ImportState.APPLYING

    @property
    def rows_shown(self) -> int:
        """An estimate of the rows may fall short of what is done."""
        return max(self.job.rows_total, self.job.rows_done)

    @cached_property
    def summary(self) -> dict[str, Any]:
        return self.job.summary or {}

    @property
    def changes_anything(self) -> bool:
        return bool(self.summary.get("new") or self.summary.get("changed"))

    @cached_property
    def problems(self) -> list[Problem]:
        return [Problem.from_json(stored) for stored in self.job.problems]

    @property
    def shown_problems(self) -> list[Problem]:
        return self.problems[:MOST_PROBLEMS]

    @property
    def more_problems(self) -> int:
        return max(0, self.summary.get("problems", 0) - MOST_PROBLEMS)

    @property
    def warnings(self) -> list[str]:
        return [name_of_warning(code, value) for code, value in self.summary.get("warnings", [])]

    @cached_property
    def changed(self) -> list[ShownChange]:
        return [self._shown(change) for change in self.job.changes if not change["is_new"]]

    @cached_property
    def added(self) -> list[ShownChange]:
        return [self._shown(change) for change in self.job.changes if change["is_new"]]

    @property
    def columns(self) -> list[tuple[int, str]]:
        """The headings nobody understood, by position."""
        return list(enumerate(self.job.options.get("needs_columns", [])))

    @property
    def column_choices(self) -> list[tuple[str, str]]:
        return [(column.key, column.heading(self.language)) for column in FILE_COLUMNS]

    def _shown(self, change: dict[str, Any]) -> ShownChange:
        fields = [
            Difference(self._label(name), _word(old), _word(new)) for name, old, new in change["fields"]
        ]
        if change["safety_stock"]:
            old, new = change["safety_stock"]
            fields.append(Difference(self._label("safety_stock"), str(old), str(new)))
        stock = tuple(change["stock"]) if change["stock"] else None
        return ShownChange(change["row"], change["sku"], change["name"], fields, stock)

    def _label(self, name: str) -> str:
        return BY_KEY[name].heading(self.language)


def bad_rows_of(job: StockImport) -> Iterator[list[str]]:
    """The bad rows as they stood in the file, with their number and what is wrong: to be put right and brought back."""
    reasons: dict[int, list[str]] = {}
    for stored in job.problems:
        problem = Problem.from_json(stored)
        where = f"{problem.column}: " if problem.column else ""
        reasons.setdefault(problem.row, []).append(f"{where}{problem.sentence}")
    cells = job.summary.get("bad_cells", {})
    headings = job.summary.get("headings", [])
    yield [_("Row"), _("What is wrong"), *headings]
    for row, sentences in reasons.items():
        yield [str(row), " ".join(sentences), *cells.get(str(row), [])]


def _word(value: str | bool | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return value


def imports_behind(references: Collection[str], user: User) -> dict[str, Named]:
    """The files behind "import:<key>" references of movements: name and page for those the person may see. One query."""
    keys = {reference: read_key(reference.partition(":")[2]) for reference in references}
    seen = StockImport.objects.visible_to(user).filter(pk__in=[key for key in keys.values() if key])
    found = {key: (name, uuid) for key, name, uuid in seen.values_list("pk", "name", "uuid")}
    return {
        reference: Named(found[key][0], reverse("inventory:import", args=[found[key][1]]))
        if key in found
        else Named(_("an imported file"))
        for reference, key in keys.items()
    }
