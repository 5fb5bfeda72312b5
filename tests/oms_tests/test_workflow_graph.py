"""docs/workflow.md: its graph is the workflow's own, and out of date it says so."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from oms.management.commands import workflow_graph
from orders.statuses import TARGETS


def test_the_page_is_current() -> None:
    page = workflow_graph.PAGE.read_text(encoding="utf-8")

    assert workflow_graph.with_graph(page) == page
    assert "new --> confirmed : confirm" in page


def test_it_shows_every_transition_and_no_other() -> None:
    drawn = {(name, target) for _source, target, name in workflow_graph.changes()}

    assert drawn == {(str(name), str(target)) for name, target in TARGETS.items()}


def test_it_writes_the_graph_between_the_marks_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "workflow.md"
    page.write_text(f"before\n{workflow_graph.BEGIN}\nold\n{workflow_graph.END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(workflow_graph, "PAGE", page)

    with pytest.raises(CommandError, match="not current"):
        call_command("workflow_graph", check=True)
    unchanged = page.read_text(encoding="utf-8")
    call_command("workflow_graph")
    call_command("workflow_graph", check=True)

    written = page.read_text(encoding="utf-8")
    assert "old" in unchanged
    assert written.startswith("before\n")
    assert written.endswith(f"{workflow_graph.END}\nafter\n")
    assert "old" not in written
    assert "stateDiagram-v2" in written
