"""The pages about this code: every file they point to is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))

    lost = [link for link in links if not (page.parent / link).exists()]

    assert lost == []


def test_the_files_named_in_the_walk_through_exist_and_are_at_most_eight_hops() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    walk = text.split("## One order confirmed, file by file")[1].split("\n## ")[0]

    named = re.findall(r"`((?:\w+/)+\w+\.py)`", walk)
    hops = re.findall(r"^\d+\. ", walk, re.MULTILINE)

    assert len(named) > 8
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert len(hops) <= 8


def test_the_functions_named_in_the_walk_through_are_where_it_says() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    walk = text.split("## One order confirmed, file by file")[1].split("\n## ")[0]

    steps = re.findall(r"^\d+\. `([\w/]+\.py)` – `([a-z_]+)`", walk, re.MULTILINE)

    assert len(steps) >= 5
    for path, name in steps:
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path}: {name}"
