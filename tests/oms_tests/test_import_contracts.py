"""The import contracts bite: a copy of the code with one forbidden import does not pass."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
APPS = ["oms", "crm", "notifications", "orders", "inventory", "shops"]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for app in APPS:
        shutil.copytree(ROOT / app, tmp_path / app, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    command = [str(program), "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def add(path: Path, line: str) -> None:
    path.write_text(f"{path.read_text()}\n{line}\n")


def test_the_code_keeps_them(copy: Path) -> None:
    run = contracts(copy)

    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize(
    ("module", "line", "said"),
    [
        ("orders/errors.py", "import crm.models", "orders is not allowed to import crm"),
        ("shops/money.py", "import inventory.models", "shops is not allowed to import inventory"),
        (
            "orders/statuses.py",
            "import orders.models",
            "orders.statuses is not allowed to import orders.models",
        ),
        (
            "orders/events.py",
            "import orders.imports",
            "orders.events is not allowed to import orders.imports",
        ),
    ],
)
def test_a_forbidden_import_breaks_them(copy: Path, module: str, line: str, said: str) -> None:
    add(copy / module, line)

    run = contracts(copy)

    assert run.returncode != 0
    assert said in run.stdout


def test_an_unlisted_module_breaks_them(copy: Path) -> None:
    (copy / "orders" / "helpers.py").write_text("")

    run = contracts(copy)

    assert run.returncode != 0
    assert "orders.helpers" in run.stdout
