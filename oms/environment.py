"""What one environment variable becomes, where that takes more than a line: database, mail, logging, secret.

Called by `oms.settings` while settings load, so nothing here may touch Django's settings or a model.
"""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import structlog
from environ import Env

SQLITE_BUSY_SECONDS = 20
QUIET = ("celery.app.trace", "celery.beat", "celery.worker.request", "celery.worker.strategy")


def local_secret_key(folder: Path) -> str:
    """The installation's own key, made once and kept in the data folder, readable by its owner only.

    Two processes that start together end up with the same key: the file appears whole, by a hard link.
    """
    path = folder / "secret_key"
    if not path.exists():
        draft = folder / f".secret_key.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def database_from(url: dict[str, Any], *, pool_size: int) -> dict[str, Any]:
    """Django's database settings for a parsed DATABASE_URL.

    SQLite: write transactions queue at BEGIN (IMMEDIATE), first come, first served, for up to 20 s instead of failing
    half-way, and readers don't wait for writers (WAL). PostgreSQL: health-checked connections, or a pool of `pool_size`.
    """
    database = dict(url)
    options = dict(database.get("OPTIONS") or {})
    if database["ENGINE"].endswith("sqlite3"):
        database["ENGINE"] = "oms.sqlite3"
        options |= {
            "transaction_mode": "IMMEDIATE",
            "timeout": SQLITE_BUSY_SECONDS,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        }
    elif pool_size:
        options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 10}
    else:
        database |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    return database | {"OPTIONS": options}


# How a provider calls its key, where that is not API_KEY.
MAIL_KEYS = {"mailersend": "API_TOKEN", "mailtrap": "API_TOKEN", "postmark": "SERVER_TOKEN"}
# These have no place for our key of a message and refuse a message that has one; their own number is enough.
WITHOUT_METADATA = ("mailersend",)


def mail_from(url: str, *, hook_secret: str = "") -> dict[str, Any]:
    """Django's mail settings for EMAIL_URL: `log:`, `smtp://…`, `smtp+tls://…`, `smtp+ssl://…`, or a provider that
    django-anymail knows, as `anymail+brevo://:API_KEY@`.

    A provider's other settings stand behind a question mark: `anymail+mailgun://:KEY@?sender_domain=mg.shop.example`.
    Mailjet has two keys, as name and password. `hook_secret` ("name:password") is asked of whoever reports bounces.
    """
    mail: dict[str, Any] = {
        "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
        "EMAIL_HOST": "",
        "EMAIL_PORT": 25,
        "EMAIL_HOST_USER": "",
        "EMAIL_HOST_PASSWORD": "",
        "EMAIL_USE_TLS": False,
        "EMAIL_USE_SSL": False,
        "ANYMAIL": {},
    }
    if url.startswith("log:"):
        return mail
    if url.startswith("anymail+"):
        parts = urlsplit(url)
        provider = parts.scheme.removeprefix("anymail+").replace("-", "_")  # a scheme has no underscore
        return mail | {
            "EMAIL_BACKEND": f"anymail.backends.{provider}.EmailBackend",
            "ANYMAIL": _anymail(parts, provider) | ({"WEBHOOK_SECRET": hook_secret} if hook_secret else {}),
        }
    parsed = Env.email_url_config(url)
    return mail | {key: value for key, value in parsed.items() if key in mail and value is not None}


def _anymail(parts: SplitResult, provider: str) -> dict[str, Any]:
    name, word = unquote(parts.username or ""), unquote(parts.password or "")
    prefix = provider.upper()
    settings: dict[str, Any] = {f"{prefix}_{MAIL_KEYS.get(provider, 'API_KEY')}": word or name}
    if provider == "mailjet":
        settings = {"MAILJET_API_KEY": name, "MAILJET_SECRET_KEY": word}
    if provider in WITHOUT_METADATA:
        settings["IGNORE_UNSUPPORTED_FEATURES"] = True
    return settings | {f"{prefix}_{key.upper()}": value for key, value in parse_qsl(parts.query)}


def structured_logging(*, level: str, as_json: bool) -> dict[str, Any]:
    """One handler on standard error for everything, Django's and Celery's lines included.

    Plain words for a person's terminal, one JSON object a line in production.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if as_json:
        renderer += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        renderer.append(
            structlog.dev.ConsoleRenderer(
                colors=False,
                pad_event_to=0,
                exception_formatter=structlog.dev.plain_traceback,  # no local variables: they hold customers
            )
        )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        "processors": renderer,
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"structured": formatter},
        "handlers": {"stream": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stream"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            # A wake-up every few seconds is no news.
            **{name: {"level": "WARNING"} for name in QUIET},
        },
    }
