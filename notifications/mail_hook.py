"""The door at which the e-mail provider reports: /hooks/email/<provider>/.

It is there for the one provider that EMAIL_URL names, and only with a secret (EMAIL_HOOK_SECRET). django-anymail knows
each provider's signature and payload; its signals are not used, so that what follows from a report stands in one place.
"""

from __future__ import annotations

import structlog
from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.webhooks.base import AnymailCoreWebhookView
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications.services.mail_events import take_mail_events

log = structlog.get_logger(__name__)


@csrf_exempt
@require_http_methods(["POST", "HEAD"])
def mail_hook(request: HttpRequest, provider: str) -> HttpResponse:
    """Take delivery reports: 404 for another provider or without a secret, 401 for a wrong one, then 200.

    A provider that is refused calls again for hours or gives up for good, so what cannot be read is logged and passed
    over; only what cannot be stored right now is answered with an error, and 400 where not even a signature is found.
    """
    view = _view_of(provider)
    if request.method == "HEAD":  # some providers knock before they are set up
        return HttpResponse()
    try:
        view.run_validators(request)
    except AnymailWebhookValidationFailure:
        return HttpResponse(status=401, headers={"WWW-Authenticate": 'Basic realm="hooks"'})
    except Exception as error:  # some look for their signature in a payload that may be anything
        log.warning("e-mail report could not be verified", provider=provider, error=str(error)[:200])
        return HttpResponse(status=400)
    try:
        events = view.parse_events(request)
    except Exception:  # the payload is the provider's; whatever is in it must not stop its reports
        log.exception("e-mail report could not be read", provider=provider)
        return HttpResponse()
    take_mail_events(events=events, provider=view.esp_name)
    return HttpResponse()


def _view_of(provider: str) -> AnymailCoreWebhookView:
    """anymail's own view of this provider, if it is ours and has its secrets. Raises Http404."""
    ours = f"anymail.backends.{provider}.EmailBackend" == settings.EMAIL_BACKEND
    if not ours or not settings.ANYMAIL.get("WEBHOOK_SECRET"):
        raise Http404
    try:
        found = resolve(f"/{provider}/tracking/", urlconf="anymail.urls")
    except Resolver404 as error:
        raise Http404 from error
    try:
        view: AnymailCoreWebhookView = found.func.view_class()  # type: ignore[attr-defined]
    except ImproperlyConfigured as error:  # MailerSend signs with a key of its own
        log.warning("e-mail reports are not set up", provider=provider, error=str(error)[:200])
        raise Http404 from error
    return view
