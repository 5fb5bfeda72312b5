"""The supervisor, with real processes: restarts, whole groups, a killed parent."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from oms import supervisor as supervision
from oms.supervisor import Program, Supervisor, port_is_free

pytestmark = pytest.mark.slow

# Writes its own and its child's process ids, then waits for ever.
PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open(sys.argv[1], "a") as out:
    out.write(f"{os.getpid()} {child.pid}\\n")
print("hello from the child", flush=True)
time.sleep(600)
"""


def eventually(condition: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def pids(path: Path) -> list[list[int]]:
    return (
        [[int(pid) for pid in line.split()] for line in path.read_text().splitlines()]
        if path.exists()
        else []
    )


@contextmanager
def running(tmp_path: Path, lines: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A supervisor in a thread of this process (signals stay with the test run), over one program."""
    monkeypatch.setattr(supervision.signal, "signal", lambda *_: None)
    monkeypatch.setattr(supervision, "_libc", None)
    monkeypatch.setattr(supervision, "FIRST_PAUSE", 0.1)
    recorded = tmp_path / "pids"
    supervisor = Supervisor(
        [Program("web", [sys.executable, "-c", PARENT, str(recorded)])],
        folder=tmp_path,
        log_folder=tmp_path / "logs",
        environment=os.environ,
        say=lines.append,
    )
    for child in supervisor.children:
        child.pause = 0.1
    thread = Thread(target=supervisor.run)
    thread.start()
    try:
        yield recorded
    finally:
        supervisor.stop()
        thread.join(20)


def test_a_killed_child_is_started_again_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    with running(tmp_path, lines, monkeypatch) as recorded:
        assert eventually(lambda: len(pids(recorded)) == 1)
        [[leader, grandchild]] = pids(recorded)

        os.kill(leader, signal.SIGKILL)

        assert eventually(lambda: len(pids(recorded)) == 2)
        assert eventually(lambda: not is_alive(grandchild))
    assert any("web ended (signal 9); starting it again" in line for line in lines)


def test_stopping_ends_every_process_of_the_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(tmp_path, [], monkeypatch) as recorded:
        assert eventually(lambda: len(pids(recorded)) == 1)

    # A killed grandchild is gone only when the system's first process has reaped it.
    assert eventually(lambda: not any(is_alive(pid) for pid in pids(recorded)[0]))


def test_output_goes_to_the_console_and_to_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []

    with running(tmp_path, lines, monkeypatch):
        assert eventually(lambda: any("hello" in line for line in lines))

    assert "   web | hello from the child" in lines
    assert "hello from the child" in (tmp_path / "logs" / "web.log").read_text()


def test_the_pause_grows_while_a_program_keeps_dying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    supervisor = Supervisor(
        [Program("web", [sys.executable, "-c", "raise SystemExit(3)"])],
        folder=tmp_path,
        log_folder=tmp_path,
        environment=os.environ,
        say=lines.append,
    )
    monkeypatch.setattr(supervision.signal, "signal", lambda *_: None)
    monkeypatch.setattr(supervision, "_libc", None)
    thread = Thread(target=supervisor.run)
    thread.start()

    seen = eventually(lambda: sum("ended" in line for line in lines) >= 2)
    supervisor.stop()
    thread.join(20)

    assert seen
    assert "web ended (exit code 3); starting it again in 1 s" in lines
    assert "web ended (exit code 3); starting it again in 2 s" in lines


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a killed parent")
def test_children_do_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    recorded = tmp_path / "pids"
    code = f"""
import os, sys
from pathlib import Path
from oms.supervisor import Program, Supervisor
Supervisor([Program("web", [sys.executable, "-c", {PARENT!r}, {str(recorded)!r}])], folder=Path("."),
           log_folder=Path({str(tmp_path)!r}), environment=os.environ, say=lambda line: None).run()
"""
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    assert eventually(lambda: len(pids(recorded)) == 1)
    leader, grandchild = pids(recorded)[0]

    parent.kill()
    parent.wait()

    assert eventually(lambda: not is_alive(leader))
    os.kill(grandchild, signal.SIGKILL)


def test_a_taken_port_is_noticed() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]

        assert not port_is_free(port)
    assert port_is_free(port)
