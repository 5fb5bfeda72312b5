"""A board's web address, read and written: whose cards, which figure of Today, which folded stages are open.

Answers to moves read it from the page the person is on, so that column heads keep their links.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode, urlsplit

from django.http import HttpRequest
from django.urls import reverse

WHOSE = ("", "mine", "unclaimed")
FIGURES = ("call", "late", "unpaid", "short", "arrived", "no-awb", "failed", "cod")


@dataclass(frozen=True)
class BoardAddress:
    """What the query string of a board says; unknown words are ignored."""

    slug: str
    whose: str = ""
    show: str = ""
    unfolded: tuple[str, ...] = ()

    @property
    def is_filtered(self) -> bool:
        return bool(self.whose or self.show)

    @property
    def opens_side_stages(self) -> bool:
        """Whether the figure asked for also counts cards of side stages, which are otherwise folded away."""
        return self.show not in ("", "call", "no-awb")

    def url(self, view: str = "crm:board", **changes: object) -> str:
        """The address of a board page, with some words changed."""
        wanted = replace(self, **changes)  # type: ignore[arg-type]
        pairs = [
            ("whose", wanted.whose),
            ("show", wanted.show),
            *(("open", slug) for slug in wanted.unfolded),
        ]
        query = urlencode([(name, value) for name, value in pairs if value])
        return reverse(view, args=[self.slug]) + (f"?{query}" if query else "")

    def toggled(self, stage: str) -> str:
        """The same board with one folded stage opened, or folded again."""
        kept = tuple(slug for slug in self.unfolded if slug != stage)
        return self.url(unfolded=kept if stage in self.unfolded else (*kept, stage))


def address_of(request: HttpRequest, slug: str) -> BoardAddress:
    """The board address of this request: its own, or that of the page it was sent from."""
    path, query = request.path, request.META.get("QUERY_STRING", "")
    if not path.startswith(f"/board/{slug}/"):
        query = _query_of(request.headers.get("HX-Current-URL", ""))
    words = parse_qs(query)
    whose, show = words.get("whose", [""])[0], words.get("show", [""])[0]
    return BoardAddress(
        slug=slug,
        whose=whose if whose in WHOSE else "",
        show=show if show in FIGURES else "",
        unfolded=tuple(dict.fromkeys(word[:40] for word in words.get("open", [])[:20])),
    )


def _query_of(url: str) -> str:
    try:
        return urlsplit(url).query
    except ValueError:  # the header is the browser's, and anybody's to write
        return ""
