"""A real Celery worker whose broker refuses it: its own sweep empties the outbox all the same."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection

from notifications.models import Message
from notifications.statuses import MessageState
from tests.factories import make_order
from tests.notifications_tests.conftest import Gateway, MailServer, free_port

MakeMessage = Callable[..., Message]
ROOT = Path(__file__).resolve().parent.parent.parent
WORKER = "-m celery --quiet -A oms worker --concurrency 2 --loglevel ERROR --without-gossip --without-mingle --pool"


def database_url() -> str:
    """The address of the very database this test runs on."""
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    password = f":{quote(known['PASSWORD'], safe='')}" if known["PASSWORD"] else ""
    return f"postgres://{known['USER']}{password}@{known['HOST']}:{known['PORT']}/{known['NAME']}"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pool", ["threads", "prefork", "solo"])
def test_it_sends_without_a_broker(
    make_message: MakeMessage, mail_server: MailServer, gateway: Gateway, tmp_path: Path, pool: str
) -> None:
    order = make_order()
    for channel in ("email", "sms"):
        make_message(channel, order=order)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "OMS_DATA_DIR": str(tmp_path),
        "SECRET_KEY": "only-for-tests",
        "DATABASE_URL": database_url(),
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
        "EMAIL_URL": f"smtp://127.0.0.1:{mail_server.port}",
        "SMS_URL": gateway.url,
        "C_FORCE_ROOT": "1",
    }
    with (tmp_path / "worker.log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, *WORKER.split(), pool],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and len(mail_server.mails) + len(gateway.requests) < 2:
            time.sleep(0.1)
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

    log_text = (tmp_path / "worker.log").read_text(errors="replace")[-2000:]
    assert (len(mail_server.mails), len(gateway.requests)) == (1, 1), log_text
    assert Message.objects.exclude(state__in=(MessageState.SENT, MessageState.SENDING)).count() == 0
