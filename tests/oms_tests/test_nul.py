"""A NUL in a request: refused in words before anything asks PostgreSQL, which takes none."""

import json

import pytest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.test import Client, RequestFactory

from crm.models import Deal, Funnel
from oms.middleware import RefuseNulMiddleware
from orders.models import Order
from tests.factories import make_order, make_shop, make_user

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def order() -> Order:
    return make_order(make_shop())


@pytest.fixture
def person(client: Client, order: Order) -> Client:
    client.force_login(make_user(order.shop))
    return client


def answered(request: HttpRequest) -> HttpResponseBase:
    return RefuseNulMiddleware(lambda _request: HttpResponse("passed"))(request)


@pytest.mark.parametrize(
    "path",
    [
        "/board/{board}/?column=%00",
        "/board/{board}/changes/?cursor=0&%00=1",
        "/orders/?q=%00",
        "/orders/?shop=a%00b",
        "/orders/%00/",
        "/customers/?q=a%00b",
        "/messages/?shop=%00",
        "/stock/?q=%00",
        "/stock/?after=1%20%00",
        "/imports/?before=%00",
        "/t/%00/",
        "/shops/%00/",
        "/admin/orders/order/?q=%00",
        "/hooks/woocommerce/a%00b",
    ],
)
def test_an_address_with_a_nul_is_refused_in_words(person: Client, order: Order, path: str) -> None:
    board = Funnel.objects.get(shop=order.shop, is_default=True).slug

    answer = person.get(path.format(board=board), headers=HTMX)

    assert answer.status_code == 400
    assert "characters that cannot be stored" in answer.content.decode()
    assert answer["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("fields", [{"stage": "\0"}, {"stage": "confirmed", "seen_stage": "\0"}])
@pytest.mark.parametrize("is_multipart", [True, False])
def test_a_form_with_a_nul_is_refused_and_changes_nothing(
    person: Client, order: Order, fields: dict[str, str], is_multipart: bool
) -> None:
    path = f"/deals/{Deal.objects.get(order=order).pk}/move/"
    words = {name: value.replace("\0", "%00") for name, value in fields.items()}
    plain = "&".join(f"{name}={value}" for name, value in words.items())

    answer = (
        person.post(path, fields)
        if is_multipart
        else person.post(path, plain, content_type="application/x-www-form-urlencoded")
    )

    assert answer.status_code == 400
    assert Order.objects.get(pk=order.pk).status == "new"


def test_a_session_with_a_nul_is_refused(client: Client) -> None:
    client.cookies["sessionid"] = "\0" * 32

    assert client.get("/orders/").status_code == 400


def test_it_speaks_the_browsers_language(client: Client) -> None:
    answers = {
        client.get("/login/?next=%00", headers={"Accept-Language": code}).content for code in ("en", "ro")
    }

    assert len(answers) == 2


@pytest.mark.parametrize(
    ("path", "content_type"),
    [("/hooks/woocommerce/x", "application/x-www-form-urlencoded"), ("/x/", "text/plain")],
)
def test_what_is_no_form_of_ours_is_not_read(path: str, content_type: str) -> None:
    request = RequestFactory().post(path, b"webhook_id=%00", content_type=content_type)

    answer = answered(request)

    assert answer.content == b"passed"  # type: ignore[attr-defined]
    assert request.read() == b"webhook_id=%00"


def test_json_keeps_its_own_rules() -> None:
    request = RequestFactory().post("/x/", json.dumps({"a": "\0"}), content_type="application/json")

    assert answered(request).status_code == 200


def test_a_broken_connection_is_left_to_those_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(_request: HttpRequest) -> None:
        raise UnreadablePostError("connection lost")

    request = RequestFactory().post("/x/", {"a": "b"})
    monkeypatch.setattr(type(request), "_load_post_and_files", break_off)

    assert answered(request).status_code == 200
