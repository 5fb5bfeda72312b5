"""What every part of the API shares: keys, how often they may ask, and problems a machine can read.

A key belongs to one shop; whoever holds it acts as that key in that shop and sees nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError
from ninja.security import HttpBearer
from ninja.throttling import AuthRateThrottle

from shops.actors import Actor
from shops.errors import DomainError, NotPermitted
from shops.models import ApiKey
from shops.selectors import find_api_key
from shops.services import digest_of, note_key_use

PROBLEM_TYPE = "application/problem+json"
LONGEST_KEY = 200
RATE = "600/m"


class FieldProblem(Schema):
    """What is wrong with one field."""

    field: str
    message: str


class Problem(Schema):
    """Why a request was refused (RFC 9457). `code` is stable; the texts are for people."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem] = []


PROBLEMS: dict[Any, Any] = {frozenset({401, 403, 404, 409, 422, 429}): Problem}


class KeyBearer(HttpBearer):
    """`Authorization: Bearer <key>`; only the digest of a key is looked up."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        """The live key, with its shop; None for any other text."""
        if not token or len(token) > LONGEST_KEY:
            return None
        key = find_api_key(digest_of(token))
        if key is not None:
            note_key_use(key_id=key.pk)
        return key


class KeyThrottle(AuthRateThrottle):
    """So many requests a minute for each key."""

    def get_cache_key(self, request: HttpRequest) -> str:
        """One budget for each key, whatever address it is used from."""
        return f"api-key-{request.auth.pk}"  # type: ignore[attr-defined]


def actor_of(key: ApiKey) -> Actor:
    """Who acts when this key is used."""
    return Actor.key(key.name, key.shop_id)


def problem(
    status: int, title: str, detail: str, *, code: str, errors: Sequence[tuple[str, str]] = ()
) -> JsonResponse:
    """An answer that says what is wrong, and with which field."""
    body = Problem(
        title=title,
        status=status,
        detail=detail,
        code=code,
        errors=[FieldProblem(field=field, message=message) for field, message in errors],
    )
    return JsonResponse(body.dict(), status=status, content_type=PROBLEM_TYPE)


def explain_problems(api: NinjaAPI) -> None:
    """Let every refusal of this API be a problem document."""

    @api.exception_handler(AuthenticationError)
    def unknown_key(request: HttpRequest, error: AuthenticationError) -> JsonResponse:
        answer = problem(
            401, _("Unauthorized"), _("Send a valid key: Authorization: Bearer <key>."), code="no_key"
        )
        answer["WWW-Authenticate"] = "Bearer"
        return answer

    @api.exception_handler(Http404)
    def not_found(request: HttpRequest, error: Http404) -> JsonResponse:
        return problem(404, _("Not found"), str(error) or _("There is no such thing."), code="not_found")

    @api.exception_handler(ValidationError)
    def bad_request(request: HttpRequest, error: ValidationError) -> JsonResponse:
        errors = [(_field_of(found["loc"]), found["msg"]) for found in error.errors]
        detail = "; ".join(f"{field}: {message}" for field, message in errors)
        return problem(422, _("The request cannot be read"), detail, code="invalid", errors=errors)

    @api.exception_handler(Throttled)
    def too_often(request: HttpRequest, error: Throttled) -> JsonResponse:
        answer = problem(429, _("Too many requests"), _("Ask again in a moment."), code="too_often")
        if error.wait:
            answer["Retry-After"] = str(int(error.wait) + 1)
        return answer

    @api.exception_handler(DomainError)
    def refused(request: HttpRequest, error: DomainError) -> JsonResponse:
        status = 403 if isinstance(error, NotPermitted) else 422 if error.field else 409
        errors = [(error.field, error.sentence)] if error.field else []
        return problem(status, _("Refused"), error.sentence, code=error.code, errors=errors)

    @api.exception_handler(HttpError)
    def other(request: HttpRequest, error: HttpError) -> JsonResponse:
        return problem(error.status_code, _("Refused"), str(error), code="refused")


def _field_of(place: Sequence[Any]) -> str:
    """The name of a field, without where ninja looked for it (query, body, the name of the argument)."""
    names = [str(part) for part in place]
    return ".".join(names[2:] or names[-1:])
