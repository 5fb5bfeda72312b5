"""`make` takes a Python that runs, not one that is merely on the PATH."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BROKEN = "#!/bin/sh\necho 'command not found' >&2\nexit 127\n"


def chosen_python(path: str) -> str:
    """The command `make check` would start with, seen by a dry run."""
    kept = {
        name: value for name, value in os.environ.items() if name not in {"PYTHON", "MAKEFLAGS", "MAKELEVEL"}
    }
    run = subprocess.run(
        ["make", "--dry-run", "check"],
        cwd=ROOT,
        env={**kept, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout.split()[0] if run.returncode == 0 else run.stderr


def stand_in(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(script)
    path.chmod(0o755)


@pytest.mark.parametrize("broken", [["python3"], ["python3.12", "python3.13"], ["python3", "python3.12"]])
def test_it_passes_over_a_stand_in_that_does_not_run(tmp_path: Path, broken: list[str]) -> None:
    stand_in(tmp_path, "python3.11", "#!/bin/sh\nexit 0\n")
    for name in broken:
        stand_in(tmp_path, name, BROKEN)

    chosen = chosen_python(f"{tmp_path}:/usr/bin:/bin")

    assert chosen not in broken
    assert chosen in {"python3", "python3.11"}


def test_it_names_the_package_where_there_is_no_python(tmp_path: Path) -> None:
    for tool in ("make", "sh"):
        found = next(Path(folder) / tool for folder in ("/usr/bin", "/bin") if (Path(folder) / tool).exists())
        (tmp_path / tool).symlink_to(found)

    said = chosen_python(str(tmp_path))

    assert "install the package python3" in said
