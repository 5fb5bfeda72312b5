"""What the environment decides, seen from a fresh process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "OMS_ENV": "production",
    "SECRET_KEY": "k" * 60,
    "ALLOWED_HOSTS": "oms.example",
    "DATABASE_URL": "postgres://oms@db/oms",
    "REDIS_URL": "redis://redis:6379/0",
}


def started(tmp_path: Path, *names: str, **environment: str) -> subprocess.CompletedProcess[str]:
    code = (
        "import json; from django.conf import settings; "
        f"print(json.dumps({{name: getattr(settings, name) for name in {names!r}}}, default=str))"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "oms.settings",
            "OMS_DATA_DIR": str(tmp_path),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def settings_of(tmp_path: Path, *names: str, **environment: str) -> dict[str, object]:
    run = started(tmp_path, *names, **environment)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_production_does_not_start_without(missing: str, tmp_path: Path) -> None:
    environment = {name: value for name, value in PRODUCTION.items() if name != missing}

    run = started(tmp_path, "DEBUG", **environment)

    assert run.returncode != 0
    assert f"OMS_ENV=production needs {missing}" in run.stderr


def test_production_does_not_start_with_debug(tmp_path: Path) -> None:
    run = started(tmp_path, "DEBUG", **PRODUCTION, DEBUG="1")

    assert run.returncode != 0
    assert "does not run with DEBUG" in run.stderr


def test_an_unknown_environment_is_refused(tmp_path: Path) -> None:
    run = started(tmp_path, "DEBUG", OMS_ENV="prod")

    assert "must be 'local' or 'production'" in run.stderr


def test_production_protects_cookies_and_transport(tmp_path: Path) -> None:
    found = settings_of(
        tmp_path,
        *("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS"),
        *("OMS_PUBLIC_URL", "DEBUG"),
        **PRODUCTION,
    )

    assert found["SESSION_COOKIE_SECURE"]
    assert found["CSRF_COOKIE_SECURE"]
    assert found["SECURE_SSL_REDIRECT"]
    assert found["SECURE_HSTS_SECONDS"] == 365 * 24 * 3600
    assert found["OMS_PUBLIC_URL"] == "https://oms.example"
    assert found["DEBUG"] is False


def test_the_local_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    first = settings_of(tmp_path, "SECRET_KEY")["SECRET_KEY"]
    second = settings_of(tmp_path, "SECRET_KEY")["SECRET_KEY"]

    assert isinstance(first, str)
    assert len(first) >= 50
    assert first == second
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


def test_sqlite_queues_writers_and_redis_is_not_needed(tmp_path: Path) -> None:
    found = settings_of(tmp_path, "DATABASES", "CELERY_BROKER_URL", "CELERY_TASK_PUBLISH_RETRY")
    database = found["DATABASES"]["default"]

    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert database["OPTIONS"]["timeout"] == 20
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]
    assert found["CELERY_BROKER_URL"] == "filesystem://localhost/"
    assert found["CELERY_TASK_PUBLISH_RETRY"] is False


def test_a_refused_wake_up_is_not_tried_again(tmp_path: Path) -> None:
    found = settings_of(tmp_path, "CELERY_BROKER_TRANSPORT_OPTIONS", **PRODUCTION)

    assert found["CELERY_BROKER_TRANSPORT_OPTIONS"] == {
        "max_retries": 0,
        "interval_start": 0,
        "interval_step": 0,
        "socket_connect_timeout": 0.5,
        "socket_timeout": 3,
    }


def test_an_smtp_server_is_read_from_one_url(tmp_path: Path) -> None:
    found = settings_of(
        tmp_path,
        *("EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD", "EMAIL_USE_TLS"),
        EMAIL_URL="smtp+tls://shop:p%40ss@mail.example:587",
    )

    assert found == {
        "EMAIL_HOST": "mail.example",
        "EMAIL_PORT": 587,
        "EMAIL_HOST_USER": "shop",
        "EMAIL_HOST_PASSWORD": "p@ss",
        "EMAIL_USE_TLS": True,
    }


def test_a_mail_provider_is_read_from_one_url(tmp_path: Path) -> None:
    found = settings_of(tmp_path, "EMAIL_BACKEND", "ANYMAIL", EMAIL_URL="anymail+brevo://:secret@")

    assert found == {
        "EMAIL_BACKEND": "anymail.backends.brevo.EmailBackend",
        "ANYMAIL": {"BREVO_API_KEY": "secret"},
    }


def test_without_an_email_url_nothing_leaves(tmp_path: Path) -> None:
    found = settings_of(tmp_path, "EMAIL_URL", "EMAIL_BACKEND", "SMS")

    assert found["EMAIL_URL"] == "log:"
    assert found["EMAIL_BACKEND"] == "django.core.mail.backends.dummy.EmailBackend"
    assert found["SMS"]["url"] == "log:"
