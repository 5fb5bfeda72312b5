"""`scripts/environment.py` on a Python that cannot make virtual environments."""

import sys
from pathlib import Path

import pytest

from scripts import environment


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "run.txt").write_text("")
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    return tmp_path


def test_a_python_without_venv_names_the_package(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda name: None)

    code = environment.main(["run"])

    said = capsys.readouterr().err.strip()
    assert code == 1
    assert said.startswith("This Python cannot create virtual environments: install the package python3-venv")
    assert len(said.splitlines()) == 1
    assert not (bare / ".venv").exists()


def test_an_old_python_is_named(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environment, "OLDEST", (sys.version_info.major, sys.version_info.minor + 1))

    assert environment.main(["run"]) == 1
    assert "or newer is needed" in capsys.readouterr().err


@pytest.mark.slow
def test_it_installs_once_and_again_when_the_lock_changes(
    bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert environment.main(["run"]) == 0
    first = capsys.readouterr().out
    assert environment.main(["run"]) == 0
    second = capsys.readouterr().out
    (bare / "requirements" / "run.txt").write_text("# another lock\n")
    assert environment.main(["run"]) == 0
    third = capsys.readouterr().out

    assert "Creating the virtual environment" in first
    assert second == ""
    assert "Installing" in third
    assert "Creating" not in third
