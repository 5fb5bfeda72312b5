"""`manage.py up`, for real: it gets ready, mends itself, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.servers import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

ROOT = Path(__file__).resolve().parents[2]


def eventually(condition: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.2)
    return False


class Up:
    """One running `manage.py up` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.output = folder / "output"
        self.environment = {
            "PATH": os.environ["PATH"],
            "PORT": str(self.port),
            "OMS_DATA_DIR": str(folder / "data"),
            "DJANGO_SETTINGS_MODULE": "oms.settings",
        }
        self.process = self.start(self.output)

    def start(self, output: Path) -> subprocess.Popen[bytes]:
        with output.open("wb") as log:
            command = [sys.executable, "manage.py", "up"]
            return subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)

    def said(self) -> str:
        return self.output.read_text()

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def processes(self) -> dict[int, str]:
        """Every living process with our data folder in its environment, by id, apart from `up` itself."""
        mark = f"OMS_DATA_DIR={self.environment['OMS_DATA_DIR']}".encode()
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
        found.pop(self.process.pid, None)
        return {pid: line for pid, line in found.items() if line}


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    running = Up(tmp_path)
    try:
        yield running
    finally:
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(30)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_gets_ready_lets_no_second_in_mends_itself_and_stops_cleanly(up: Up, tmp_path: Path) -> None:
    assert eventually(lambda: f"Ready: http://127.0.0.1:{up.port}" in up.said()), up.said()

    second = up.start(tmp_path / "second")
    assert second.wait(60) == 1
    [said] = (tmp_path / "second").read_text().strip().splitlines()
    assert said.startswith(f"CommandError: Port {up.port} is taken by another program.")

    [web] = [pid for pid, line in up.processes().items() if "granian" in line and os.getpgid(pid) == pid]
    os.kill(web, signal.SIGKILL)
    assert eventually(lambda: "web ended (signal 9); starting it again" in up.said())
    assert eventually(up.answers)

    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(30) == 0
    assert up.processes() == {}
    assert "Stopped." in up.said()
