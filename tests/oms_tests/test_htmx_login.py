"""An expired session under htmx: the browser goes to the login page, and comes back where it was."""

import pytest
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.test import RequestFactory
from django_htmx.middleware import HtmxMiddleware

from oms.middleware import HtmxLoginMiddleware


def answered(response: HttpResponseBase, **headers: str) -> HttpResponseBase:
    def view(_request: HttpRequest) -> HttpResponseBase:
        return response

    request = RequestFactory().get("/board/demo/changes/", headers=headers)
    return HtmxMiddleware(HtmxLoginMiddleware(view))(request)


def test_a_background_request_is_sent_to_the_login_page() -> None:
    response = answered(
        redirect_to_login("/board/demo/changes/"),
        **{"HX-Request": "true", "HX-Current-URL": "http://testserver/board/demo/?page=2"},
    )

    assert response.status_code == 204
    assert response["HX-Redirect"] == "/login/?next=/board/demo/%3Fpage%3D2"
    assert "Location" not in response


@pytest.mark.parametrize("url", ["https://elsewhere.example/board/", "http://["])
def test_a_page_on_another_site_or_nowhere_is_not_returned_to(url: str) -> None:
    response = answered(redirect_to_login("/x/"), **{"HX-Request": "true", "HX-Current-URL": url})

    assert response["HX-Redirect"] == "/login/?next=/"


def test_an_ordinary_request_is_redirected_as_ever() -> None:
    assert answered(redirect_to_login("/orders/")).status_code == 302


@pytest.mark.parametrize("response", [HttpResponse("a card"), HttpResponseRedirect("/orders/")])
def test_other_answers_pass_unchanged(response: HttpResponse) -> None:
    assert answered(response, **{"HX-Request": "true"}) is response
