"""A mail server and an HTTP SMS gateway in a process of their own, which write down each arrival and when it was.

    python bench/sinks.py FILE [--pause 0.0]

Prints the two ports as one line of JSON, then appends a line for each arrival to FILE: seconds since 1970, kind
(email or sms) and the message's number. What is written down is written before the sender hears that it arrived.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

ROOT = Path(__file__).resolve().parent.parent
MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
CONTENT_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@dataclass(frozen=True)
class Arrival:
    """One message that reached a sink."""

    at: float
    kind: str
    number: str


@dataclass(frozen=True)
class Running:
    """Sinks at work: where they listen, and the file they write."""

    email_port: int
    sms_port: int
    file: Path

    @property
    def email_url(self) -> str:
        return f"smtp://127.0.0.1:{self.email_port}"

    @property
    def sms_url(self) -> str:
        return f"http://127.0.0.1:{self.sms_port}/"

    @property
    def count(self) -> int:
        """How many arrived so far."""
        return self.file.read_bytes().count(b"\n")

    def arrivals(self) -> list[Arrival]:
        """All of them, in the order they came."""
        rows = (line.split(" ", 2) for line in self.file.read_text().splitlines())
        return [Arrival(float(at), kind, number) for at, kind, number in rows]


@contextmanager
def running(folder: Path, pause: float = 0.0) -> Iterator[Running]:
    """Both sinks in a process of their own, stopped at the end."""
    file = folder / "arrivals.txt"
    file.touch()
    command = [sys.executable, str(Path(__file__)), str(file), "--pause", str(pause)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, start_new_session=True)
    assert process.stdout is not None
    ports = json.loads(process.stdout.readline())
    try:
        yield Running(ports["email"], ports["sms"], file)
    finally:
        process.kill()
        process.wait()


class _Sinks:
    def __init__(self, file: TextIO, pause: float) -> None:
        self._file, self._pause = file, pause

    async def _note(self, kind: str, number: str) -> None:
        await asyncio.sleep(self._pause / 2)
        self._file.write(f"{time.time():.4f} {kind} {number}\n")
        self._file.flush()
        await asyncio.sleep(self._pause / 2)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        found = MESSAGE_ID.search(envelope.content)
        await self._note("email", found[1].decode() if found else "-")
        return "250 OK"

    async def answer_sms(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """HTTP with kept connections, as much of it as a gateway's client uses."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = CONTENT_LENGTH.search(head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                await self._note("sms", json.loads(body)["id"])
                writer.write(ANSWER)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            return  # the worker was killed, or has nothing more to say
        finally:
            writer.close()


async def _serve(file: Path, pause: float) -> None:
    from aiosmtpd.smtp import SMTP

    with file.open("a") as arrivals:
        sinks = _Sinks(arrivals, pause)
        loop = asyncio.get_running_loop()
        mail = await loop.create_server(
            lambda: SMTP(sinks, hostname="sink", enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0
        )
        gateway = await asyncio.start_server(sinks.answer_sms, "127.0.0.1", 0)
        ports = {"email": mail.sockets[0].getsockname()[1], "sms": gateway.sockets[0].getsockname()[1]}
        print(json.dumps(ports), flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="Write down what arrives.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--pause", type=float, default=0.0)
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.file, arguments.pause))


if __name__ == "__main__":
    main()
