"""Runs the whole system on this machine: web server, worker and beat, supervised, on a database made ready."""

import fcntl
import os
import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from typing import IO, Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from oms.supervisor import Program, Supervisor, port_is_free
from shops.models import Shop

DEMO_PEOPLE = "manager, manager2, supervisor, warehouse, admin"


class Command(BaseCommand):
    help = "Prepare the database and run web server, worker and beat until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--demo", action="store_true", help="load living demo data into an empty database"
        )

    def handle(self, *args: Any, demo: bool = False, **options: Any) -> None:
        if not port_is_free(settings.PORT):
            raise CommandError(
                f"Port {settings.PORT} is taken by another program. Stop that one, or choose another port, "
                f"for example: PORT={settings.PORT + 1} make run"
            )
        with ExitStack() as stack:
            stack.enter_context(_only_one())
            self._say("Preparing the database …")
            call_command("prepare", stdout=self.stdout)
            if demo and not Shop.objects.exists():
                self._say("Loading demo data …")
                call_command("demo", stdout=self.stdout)
            connections.close_all()
            self._supervise(demo)
        self._say("Stopped.")

    def _supervise(self, demo: bool) -> None:
        url = f"http://127.0.0.1:{settings.PORT}"
        Supervisor(
            programs(),
            folder=settings.BASE_DIR,
            log_folder=settings.LOG_DIR,
            environment=os.environ | {"PYTHONUNBUFFERED": "1"},
            say=self._say,
            ready_url=f"{url}/healthz",
            on_ready=lambda: self._greet(url, demo),
        ).run()

    def _greet(self, url: str, demo: bool) -> None:
        people = f"  Sign in as one of {DEMO_PEOPLE}; the password is demo.\n" if demo else ""
        self._say(f"\n  Ready: {url}\n{people}  Logs: {settings.LOG_DIR}. Stop with Ctrl-C.\n")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def programs() -> list[Program]:
    """Web server, worker and beat of one machine.

    One web process with threads, and one worker with a pool of two threads: on SQLite every write waits for the one
    before it, so more writers only wait longer, sending mail is waiting too, and a killed worker leaves no children.
    """
    python = sys.executable
    web = f"--interface wsgi --host 127.0.0.1 --port {settings.PORT} --workers 1 --blocking-threads 4"
    quiet = "--without-gossip --without-mingle --without-heartbeat"
    worker = f"-m celery --quiet -A oms worker --pool threads --concurrency 2 --loglevel INFO {quiet}"
    beat = "-m celery --quiet -A oms beat --loglevel WARNING --pidfile="
    return [
        Program("web", [python, "-m", "granian", *web.split(), "--no-access-log", "oms.wsgi:application"]),
        Program("worker", [python, *worker.split()]),
        Program("beat", [python, *beat.split()]),
    ]


def _only_one() -> IO[str]:
    """The lock that a running `up` holds on its data folder."""
    lock = (settings.DATA_DIR / "up.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise CommandError(f"It is running already, with the data folder {settings.DATA_DIR}.") from None
    return lock
