"""`/healthz` and `/metrics`: is this process able to do its work, and how is it doing.

The health answer names what is wrong in one word each and never carries an exception's text; numbers about the
outbox come from notifications' selectors.
"""

import hmac
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView

OUTBOX_LATE_SECONDS = 300

log = structlog.get_logger(__name__)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 with every check "ok", or 503 naming the checks that failed.

    A late outbox is reported but does not fail the answer: restarting the web process would not mend it.
    """
    checks = {"database": _outcome(_database_answers), "migrations": _outcome(_migrations_are_applied)}
    outbox = _outcome(_outbox_is_current, otherwise="late")
    healthy = all(outcome == "ok" for outcome in checks.values())
    body = {"status": "ok" if healthy else "failing", "checks": checks | {"outbox": outbox}}
    return JsonResponse(body, status=200 if healthy else 503)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics, for this machine or a bearer of METRICS_TOKEN; for others the page does not exist."""
    if not _may_read_metrics(request):
        raise Http404
    return ExportToDjangoView(request)


def _outcome(check: Callable[[], bool], *, otherwise: str = "failing") -> str:
    try:
        return "ok" if check() else otherwise
    except DatabaseError as error:
        log.warning("health check failed", check=check.__name__, error=str(error))
        return "failing"


def _database_answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone() == (1,)


# Once everything is applied it stays so for this process: a new release starts a new one.
_migrated = False


def _migrations_are_applied() -> bool:
    global _migrated  # noqa: PLW0603
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated


def _outbox_is_current() -> bool:
    from notifications.selectors import oldest_due_seconds

    return oldest_due_seconds() < OUTBOX_LATE_SECONDS


def _may_read_metrics(request: HttpRequest) -> bool:
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN and hmac.compare_digest(bearer.encode(), settings.METRICS_TOKEN.encode()):
        return True
    proxied = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1") and not proxied
