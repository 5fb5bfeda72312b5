"""Makes `.venv` hold exactly what a lock file says: `python3 scripts/environment.py run|dev|servers`.

Runs on a bare Python, so it imports the standard library only. pip is called with the machine's ordinary
configuration (its index, its certificates, its wheels); `--require-hashes` decides what may come in.
"""

import fcntl
import hashlib
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLDEST = (3, 11)
# The dev lock contains the run lock, so a current "dev" makes "run" current too.
CONTAINS = {"run": ("run", "dev"), "dev": ("dev",), "servers": ("servers",)}


def main(arguments: list[str]) -> int:
    """Bring the environment up to the named lock, doing nothing where it is current."""
    if len(arguments) != 1 or arguments[0] not in CONTAINS:
        print("usage: environment.py run|dev|servers", file=sys.stderr)
        return 2
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _bring_up(arguments[0])


def _bring_up(name: str) -> int:
    if any(_is_current(lock) for lock in CONTAINS[name]):
        return 0
    reason = _why_not()
    if reason:
        print(reason, file=sys.stderr)
        return 1
    if not _venv_works():
        print("Creating the virtual environment in .venv …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    print(f"Installing requirements/{name}.txt …", flush=True)
    install = [str(VENV / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    done = subprocess.run([*install, "--require-hashes", "-r", str(_lock_file(name))], check=False)
    if done.returncode:
        print(f"pip could not install requirements/{name}.txt; its message above says why.", file=sys.stderr)
        return done.returncode
    _stamp(name).write_text(_fingerprint(name))
    return 0


def _why_not() -> str:
    if sys.version_info < OLDEST:
        return f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed; {sys.executable} is {sys.version.split()[0]}."
    if find_spec("venv") is None or find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return (
            "This Python cannot create virtual environments: install the package python3-venv "
            f"(on Debian and Ubuntu: apt-get install python3-venv, or python{version}-venv) and run make again."
        )
    return ""


def _venv_works() -> bool:
    python = VENV / "bin" / "python"
    if not python.exists():
        return False
    probe = [str(python), "-c", "import pip, sys; sys.exit(sys.version_info < (3, 11))"]
    return subprocess.run(probe, check=False, capture_output=True).returncode == 0


def _is_current(name: str) -> bool:
    stamp = _stamp(name)
    return stamp.exists() and stamp.read_text() == _fingerprint(name) and _venv_works()


def _lock_file(name: str) -> Path:
    return ROOT / "requirements" / f"{name}.txt"


def _stamp(name: str) -> Path:
    return VENV / f".{name}.installed"


def _fingerprint(name: str) -> str:
    return hashlib.sha256(_lock_file(name).read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
