"""Keeps a few programs running as children of this process: started, restarted when they die, stopped together.

Knows processes, pipes and signals; what the programs do is none of its business. Each child leads a process group
of its own, so that whatever it started goes with it. On Linux the kernel ends the children of a killed supervisor.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from logging.handlers import RotatingFileHandler
from pathlib import Path
from threading import Event, Thread

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0  # a child that ran this long has earned a short pause again
STOP_SECONDS = 12.0
TICK = 0.2
GREETING_PAUSE = 1.0
LOG_BYTES = 5_000_000

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Program:
    """A program to keep running; `name` is its prefix on the console and the name of its log file."""

    name: str
    command: Sequence[str]


@dataclass
class _Child:
    program: Program
    log: logging.Logger
    process: subprocess.Popen[str] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    pause: float = FIRST_PAUSE
    readers: list[Thread] = field(default_factory=list)


class Supervisor:
    """Runs programs until it is told to stop (SIGINT, SIGTERM or `stop()`).

    `say` writes one line to the console. `ready_url` is asked until it answers 200; then `on_ready` is called, once.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        folder: Path,
        log_folder: Path,
        environment: Mapping[str, str],
        say: Callable[[str], None],
        ready_url: str = "",
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self.folder, self.environment = folder, dict(environment)
        self.say, self.ready_url, self.on_ready = say, ready_url, on_ready
        log_folder.mkdir(parents=True, exist_ok=True)
        self.children = [_Child(program, _file_log(program.name, log_folder)) for program in programs]
        self._stopping = Event()
        self._asked_at = 0.0

    def run(self) -> None:
        """Keep everything running; returns after every child and what it started is gone."""
        previous = {
            number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            while not self._stopping.wait(TICK):
                for child in self.children:
                    self._tend(child)
                self._greet_once()
        finally:
            self._stop_all()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def stop(self) -> None:
        """Ask `run` to end."""
        self._stopping.set()

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._stopping.set()

    def _tend(self, child: _Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.start_at:
                self._start(child)
            return
        code = child.process.poll()
        if code is None:
            return
        if now - child.started_at >= STEADY_SECONDS:
            child.pause = FIRST_PAUSE
        self.say(f"{child.program.name} ended ({_why(code)}); starting it again in {child.pause:.0f} s")
        _signal_group(child.process.pid, signal.SIGKILL)
        child.process, child.start_at = None, now + child.pause
        child.pause = min(child.pause * 2, LONGEST_PAUSE)

    def _start(self, child: _Child) -> None:
        child.started_at = time.monotonic()
        child.process = subprocess.Popen(  # noqa: S603 (our own command lines)
            list(child.program.command),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 (one call into a library loaded before)
        )
        reader = Thread(target=self._relay, args=(child, child.process), daemon=True)
        reader.start()
        child.readers = [*(thread for thread in child.readers if thread.is_alive()), reader]

    def _relay(self, child: _Child, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            text = line.rstrip()
            child.log.info(text)
            self.say(f"{child.program.name:>6} | {text}")

    def _greet_once(self) -> None:
        now = time.monotonic()
        if not self.ready_url or now - self._asked_at < GREETING_PAUSE:
            return
        self._asked_at = now
        if _answers(self.ready_url):
            self.ready_url = ""
            self.on_ready()

    def _stop_all(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            _signal_group(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.say(f"process {process.pid} does not stop by itself; ending it")
        for process in running:
            _signal_group(process.pid, signal.SIGKILL)
            process.wait()
        for child in self.children:
            for reader in child.readers:
                reader.join(timeout=2)


def port_is_free(port: int) -> bool:
    """Whether nobody listens on this port of 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _file_log(name: str, folder: Path) -> logging.Logger:
    log = logging.getLogger(f"oms.supervised.{name}")
    log.propagate = False
    log.setLevel(logging.INFO)
    for old in log.handlers[:]:
        log.removeHandler(old)
        old.close()
    log.addHandler(RotatingFileHandler(folder / f"{name}.log", maxBytes=LOG_BYTES, backupCount=3))
    return log


def _die_with_parent() -> None:
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == 1:  # the supervisor died before the call above
            os._exit(1)


def _signal_group(leader: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _why(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 (our own address)
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
