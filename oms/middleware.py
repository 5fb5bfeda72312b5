"""Small middlewares of the house: compression, requests no database can answer, the admin's content policy, a person's
language, an expired session under htmx.

They know requests and responses, and nothing of orders, deals or messages.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseBase,
    QueryDict,
    UnreadablePostError,
)
from django.middleware.gzip import GZipMiddleware
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.translation import get_supported_language_variant, gettext

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
GetResponse = Callable[[HttpRequest], HttpResponseBase]


class RefuseNulMiddleware:
    """Answers 400 where the path, the query string, a form or a cookie holds a NUL: no text of PostgreSQL may.

    A hook reads its body itself, signature first, and what is not a form is left unread.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not _holds_nul(request):
            return self.get_response(request)
        # Stands before the session, so the browser's language it is.
        with translation.override(translation.get_language_from_request(request)):
            sentence = gettext("The text contains characters that cannot be stored.")
        return HttpResponseBadRequest(f"{sentence}\n", content_type="text/plain; charset=utf-8")


class CompressPagesMiddleware(GZipMiddleware):
    """Compresses what the browser takes compressed, save answers that are not to be stored anywhere: these hold a
    secret, or all of a person's settings, and the size of a compressed answer tells of its content."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The answer, compressed unless it says `no-store`."""
        if "no-store" in response.get("Cache-Control", ""):
            return response
        return super().process_response(request, response)


class AdminContentPolicyMiddleware:
    """Gives /admin/ the looser policy its theme needs. Everything else keeps the strict one."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path_info.startswith("/admin/"):
            response._csp_replace = settings.ADMIN_CONTENT_POLICY  # type: ignore[attr-defined]
        return response


class PersonLocaleMiddleware(LocaleMiddleware):
    """Speaks the signed-in person's language; for everybody else the cookie's or the browser's."""

    def process_request(self, request: HttpRequest) -> None:
        """Activate the language for this request, falling back where a person's choice is empty or unknown."""
        super().process_request(request)
        chosen = getattr(request.user, "language", "") if request.user.is_authenticated else ""
        if not chosen:
            return
        try:
            language = get_supported_language_variant(chosen)
        except LookupError:
            return
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()


class HtmxLoginMiddleware:
    """Sends the whole page to the login when a background request finds its session gone.

    htmx would follow a redirect and put the login page into the middle of the board; `HX-Redirect` makes the
    browser go there, and come back to the page the person was on.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not getattr(request, "htmx", False) or not _leads_to_login(response):
            return response
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = redirect_to_login(_came_from(request)).url
        return answer


def _holds_nul(request: HttpRequest) -> bool:
    words = chain(
        [request.path_info], request.COOKIES.values(), _words(request.GET), _words(_form_of(request))
    )
    return any("\0" in word for word in words)


def _words(fields: QueryDict) -> Iterator[str]:
    for name, values in fields.lists():
        yield name
        yield from values


def _form_of(request: HttpRequest) -> QueryDict:
    if request.path_info.startswith("/hooks/") or request.content_type not in FORMS:
        return QueryDict()
    try:
        return request.POST
    except UnreadablePostError:  # the browser went away; the check for forgery comes to the same end
        return QueryDict()


def _came_from(request: HttpRequest) -> str:
    try:
        return request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
    except ValueError:  # the header is the browser's, and anybody's to write
        return "/"


def _leads_to_login(response: HttpResponseBase) -> bool:
    if response.status_code != 302:
        return False
    return urlsplit(response["Location"]).path == settings.LOGIN_URL
