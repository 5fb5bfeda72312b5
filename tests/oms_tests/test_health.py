"""`/healthz`: what it says when all is well, and when it is not."""

import pytest
from django.db import OperationalError
from django.test import Client

from oms import health

pytestmark = pytest.mark.django_db


def test_it_answers_ok_to_anybody(client: Client) -> None:
    answer = client.get("/healthz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "checks": {"database": "ok", "migrations": "ok", "outbox": "ok"}}


def test_an_unreachable_database_is_503_without_details(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> bool:
        raise OperationalError("password authentication failed for user oms at 10.0.0.7")

    monkeypatch.setattr(health, "_database_answers", refuse)

    answer = client.get("/healthz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "failing"
    assert b"10.0.0.7" not in answer.content


def test_a_missing_migration_is_503(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrated", False)
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda *_: ["one to go"])

    answer = client.get("/healthz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["migrations"] == "failing"


def test_a_late_outbox_is_said_but_is_no_reason_to_restart(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.selectors.oldest_due_seconds", lambda: 301.0)

    answer = client.get("/healthz")

    assert answer.status_code == 200
    assert answer.json()["checks"]["outbox"] == "late"


def test_it_is_never_cached(client: Client) -> None:
    assert "no-store" in client.get("/healthz")["Cache-Control"]
