"""The deal's page and the addresses its card is moved, undone, claimed and commented by."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from crm import services
from crm.models import Deal, DealComment, DealMove, Stage
from notifications.models import Message
from orders import services as orders
from orders.models import Order, OrderEvent
from orders.statuses import Status
from shops.actors import Actor
from shops.models import User
from shops.permissions import Role
from tests.factories import ADDRESS, SYSTEM, make_line, make_order, make_product, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
BOARD = {"HX-Request": "true"}
HOSTILE = "<script>alert(1)</script>"


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def deal_of(order: Order) -> Deal:
    return Deal.objects.select_related("stage", "funnel").get(order=order)


def status_of(order: Order) -> str:
    return Order.objects.values_list("status", flat=True).get(pk=order.pk)


def test_it_tells_everything_about_the_deal() -> None:
    shop = make_shop(language="en")
    user = make_user(shop, first_name="Mara", last_name="Ilie")
    order = make_order(shop, notify=True)
    deal = deal_of(order)
    services.add_comment(deal_id=deal.pk, actor=Actor.person(user), text="Call after two")
    orders.add_note(order_id=order.pk, actor=Actor.person(user), text="Fragile")
    orders.confirm_order(order_id=order.pk, actor=Actor.person(user))

    html = sign_in(user).get(f"/deals/{deal.pk}/").content.decode()

    for words in (
        "Call after two",
        "Fragile",
        "New → Confirmed",
        "Cluj-Napoca",
        "FAN Courier",
        order.number,
        "Mara Ilie",
    ):
        assert words in html
    assert html.count("leaves at") == Message.objects.filter(order=order, event="confirmed").count() > 0
    assert "Undo" in html


def test_it_says_in_words_why_a_message_did_not_leave() -> None:
    shop = make_shop()
    order = make_order(shop, notify=True)
    Message.objects.filter(order=order).update(state="failed", last_error="gave_up")

    html = sign_in(make_user(shop)).get(f"/deals/{deal_of(order).pk}/").content.decode()

    assert "It could not be sent although it was tried many times." in html
    assert "gave_up" not in html


def test_it_offers_what_can_be_done_and_says_why_the_rest_cannot() -> None:
    shop = make_shop()
    order = make_order(shop, lines=(make_line(make_product(shop, stock=1), 5),))

    html = sign_in(make_user(shop)).get(f"/deals/{deal_of(order).pk}/").content.decode()

    confirm = html[html.index('value="confirmed"') :].partition("</form>")[0]
    assert "disabled" in confirm
    assert "Not enough stock" in confirm
    assert re.search(r"<button[^>]*>Cancel…</button>", html)
    assert "Mark as delivered" not in html


def test_it_is_not_there_for_members_of_other_shops() -> None:
    order = make_order()
    deal = deal_of(order)
    stranger = sign_in(make_user(make_shop(), role=Role.ADMIN))
    orders.confirm_order(order_id=order.pk, actor=Actor.person(make_user(order.shop)))
    move = DealMove.objects.filter(deal=deal).latest("pk")

    assert stranger.get(f"/deals/{deal.pk}/").status_code == 404
    assert stranger.get(f"/deals/{deal.pk}/move/").status_code == 404
    for path in (
        f"/deals/{deal.pk}/move/",
        f"/deals/{deal.pk}/claim/",
        f"/deals/{deal.pk}/release/",
        f"/deals/{deal.pk}/comments/",
        f"/moves/{move.move_id}/undo/",
    ):
        assert (
            stranger.post(path, {"stage": "cancelled", "text": "x", "reason_code": "other"}).status_code
            == 404
        )
    assert status_of(order) == Status.CONFIRMED
    assert not DealComment.objects.exists()


def test_its_queries_do_not_grow_with_lines_moves_and_comments(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    shop = make_shop()
    user = make_user(shop)
    product = make_product(shop, stock=100)
    small = make_order(shop, lines=(make_line(product),), notify=True)
    large = make_order(shop, lines=tuple(make_line(make_product(shop)) for _ in range(3)), notify=True)
    stages = {slug: Stage.objects.get(funnel__shop=shop, slug=slug).pk for slug in ("no-answer", "new")}
    for order, times in ((small, 1), (large, 3)):
        for number in range(times):
            services.add_comment(deal_id=deal_of(order).pk, actor=Actor.person(user), text=f"{number}")
            for stage in stages.values():
                services.move_deal(deal_id=deal_of(order).pk, to_stage_id=stage, actor=Actor.person(user))
    client = sign_in(user)
    urls = [f"/deals/{deal_of(order).pk}/" for order in (small, large)]
    client.get(urls[0])

    with django_assert_num_queries(58, exact=False) as few:
        client.get(urls[0])
    with django_assert_num_queries(len(few.captured_queries)):
        client.get(urls[1])


def test_a_hostile_name_is_text() -> None:
    shop = make_shop()
    order = make_order(shop, shipping=replace(ADDRESS, name=HOSTILE, street=HOSTILE), customer_note=HOSTILE)
    user = make_user(shop, first_name=HOSTILE)
    deal = deal_of(order)
    services.add_comment(deal_id=deal.pk, actor=Actor.person(user), text=HOSTILE)

    html = sign_in(user).get(f"/deals/{deal.pk}/").content.decode()

    assert "<script>" not in html
    assert html.count("&lt;script&gt;") >= 4


def test_a_move_from_the_board_answers_with_the_card_the_heads_and_undo() -> None:
    shop = make_shop()
    order = make_order(shop)
    deal = deal_of(order)

    answer = sign_in(make_user(shop)).post(
        f"/deals/{deal.pk}/move/", {"stage": "confirmed", "seen_stage": "new", "after": "0"}, headers=BOARD
    )
    html = answer.content.decode()

    assert answer.status_code == 200
    assert f'id="deal-card-{deal.pk}"' in html
    assert 'data-stage="confirmed"' in html
    assert html.count('class="column-head') == 12
    assert f"/moves/{DealMove.objects.latest('pk').move_id}/undo/" in html
    assert "e-mail and SMS in" in html
    assert status_of(order) == Status.CONFIRMED


def test_a_refused_move_says_why_and_changes_nothing() -> None:
    shop = make_shop()
    order = make_order(shop, status=Status.DELIVERED)
    client = sign_in(make_user(shop))
    before = (OrderEvent.objects.count(), Message.objects.count())

    board = client.post(
        f"/deals/{deal_of(order).pk}/move/", {"stage": "new", "seen_stage": "delivered"}, headers=BOARD
    )
    page = client.post(f"/deals/{deal_of(order).pk}/move/", {"stage": "new", "seen_stage": "delivered"})

    for answer in (board, page):
        assert answer.status_code == 422
        assert "cannot become “New”" in answer.content.decode()
    assert 'data-stage="delivered"' in board.content.decode()
    assert status_of(order) == Status.DELIVERED
    assert (OrderEvent.objects.count(), Message.objects.count()) == before


def test_a_stale_move_is_answered_409_with_the_truth() -> None:
    shop = make_shop()
    order = make_order(shop)
    orders.confirm_order(order_id=order.pk, actor=SYSTEM)
    client = sign_in(make_user(shop))

    answer = client.post(
        f"/deals/{deal_of(order).pk}/move/", {"stage": "no-answer", "seen_stage": "new"}, headers=BOARD
    )

    assert answer.status_code == 409
    assert 'data-stage="confirmed"' in answer.content.decode()
    assert deal_of(order).stage.slug == "confirmed"
    gone = client.post(
        f"/deals/{deal_of(order).pk}/move/", {"stage": "picking", "seen_stage": "deleted"}, headers=BOARD
    )
    assert gone.status_code == 409


@pytest.mark.parametrize(
    ("start", "stage", "missing", "given", "end"),
    [
        (Status.NEW, "shipped", {}, {"carrier": "fan", "tracking_number": "2000"}, Status.SHIPPED),
        (Status.NEW, "shipped", {"carrier": "fan"}, {"carrier": "own"}, Status.SHIPPED),
        (Status.CONFIRMED, "cancelled", {"reason": "x"}, {"reason_code": "no_answer"}, Status.CANCELLED),
        (Status.SHIPPED, "returned", {}, {"return_kind": "refused"}, Status.RETURNED),
        (Status.CANCELLED, "new", {"reason": " "}, {"reason": "They called"}, Status.NEW),
    ],
)
def test_a_move_that_needs_data_asks_and_then_goes_through(
    start: str, stage: str, missing: dict[str, str], given: dict[str, str], end: str
) -> None:
    shop = make_shop()
    order = make_order(shop, status=start)
    client = sign_in(make_user(shop))
    url = f"/deals/{deal_of(order).pk}/move/"

    asked = client.post(url, {"stage": stage, **missing}, headers=BOARD)
    plain = client.post(url, {"stage": stage, **missing})
    assert (asked.status_code, plain.status_code) == (422, 422)
    assert asked.content.decode().strip().startswith("<dialog")
    assert f'value="{stage}"' in plain.content.decode()
    assert status_of(order) == start
    done = client.post(url, {"stage": stage, **given}, headers=BOARD)

    assert done.status_code == 200
    assert status_of(order) == end


def test_a_hostile_reason_or_number_does_not_break_the_form() -> None:
    shop = make_shop()
    order = make_order(shop)

    answer = sign_in(make_user(shop)).post(
        f"/deals/{deal_of(order).pk}/move/",
        {"stage": "shipped", "carrier": "<b>", "tracking_number": "x" * 500},
        headers=BOARD,
    )

    assert answer.status_code == 422
    assert "<b>" not in answer.content.decode()
    assert status_of(order) == Status.NEW


def test_which_stages_refuse_is_told_before_the_drop() -> None:
    shop = make_shop()
    order = make_order(shop)

    stages = (
        sign_in(make_user(shop))
        .get(f"/deals/{deal_of(order).pk}/move/", headers={"Accept": "application/json"})
        .json()["stages"]
    )

    assert stages["confirmed"] == {"why": ""}
    assert stages["shipped"] == {"why": ""}
    assert "cannot become" in stages["returned"]["why"]
    assert "only for orders that are not paid" in stages["awaiting-payment"]["why"]
    assert len(stages) == 12


def test_what_a_role_may_not_do_is_told_before_the_drop() -> None:
    shop = make_shop()
    order = make_order(shop, status=Status.CONFIRMED)
    client = sign_in(make_user(shop, role=Role.WAREHOUSE))

    stages = client.get(f"/deals/{deal_of(order).pk}/move/", headers={"Accept": "application/json"}).json()[
        "stages"
    ]

    assert "Your role" in stages["cancelled"]["why"]
    assert stages["picking"] == {"why": ""}
    assert stages["shipped"] == {"why": ""}


def test_without_scripts_the_choice_is_a_page() -> None:
    shop = make_shop()
    order = make_order(shop)
    client = sign_in(make_user(shop))
    url = f"/deals/{deal_of(order).pk}/move/"

    page = client.get(url).content.decode()
    moved = client.post(
        url, {"stage": "no-answer", "seen_stage": "new", "next": f"/deals/{deal_of(order).pk}/"}
    )
    elsewhere = client.post(url, {"stage": "new", "next": "https://evil.example/"})

    assert "cannot become" in page
    assert (moved.status_code, moved["Location"]) == (303, f"/deals/{deal_of(order).pk}/")
    assert elsewhere["Location"].startswith("/board/")


def test_an_undone_move_puts_all_back_and_a_late_undo_is_refused_in_words() -> None:
    shop = make_shop()
    order = make_order(shop)
    client = sign_in(make_user(shop))
    client.post(f"/deals/{deal_of(order).pk}/move/", {"stage": "confirmed"}, headers=BOARD)
    url = f"/moves/{DealMove.objects.latest('pk').move_id}/undo/"

    undone, again = client.post(url, headers=BOARD), client.post(url, headers=BOARD)

    assert undone.status_code == 200
    assert 'data-stage="new"' in undone.content.decode()
    assert (status_of(order), deal_of(order).stage.slug) == (Status.NEW, "new")
    assert again.status_code == 422
    assert "toast-bad" in again.content.decode()


def test_the_first_claim_wins_and_the_second_is_told_who() -> None:
    shop = make_shop()
    order = make_order(shop)
    mara, vlad = make_user(shop, first_name="Mara", last_name="Ilie"), make_user(shop)
    url = f"/deals/{deal_of(order).pk}/claim/"

    first, second = (sign_in(person).post(url, headers=BOARD) for person in (mara, vlad))

    assert (first.status_code, second.status_code) == (200, 422)
    assert "Mara Ilie" in second.content.decode()
    assert Order.objects.get(pk=order.pk).manager == mara
    released = sign_in(mara).post(url.replace("claim", "release"), headers=BOARD)
    assert released.status_code == 200
    assert deal_of(order).manager is None


def test_a_role_that_may_not_gets_403_and_nothing_happens() -> None:
    shop = make_shop()
    order = make_order(shop, status=Status.CONFIRMED)

    answer = sign_in(make_user(shop, role=Role.WAREHOUSE)).post(
        f"/deals/{deal_of(order).pk}/move/", {"stage": "cancelled", "reason_code": "other"}, headers=BOARD
    )

    assert answer.status_code == 403
    assert "Your role" in answer.content.decode()
    assert status_of(order) == Status.CONFIRMED


def test_an_empty_comment_is_refused_and_a_real_one_stands_in_the_timeline() -> None:
    shop = make_shop()
    deal = deal_of(make_order(shop))
    client = sign_in(make_user(shop))

    empty = client.post(f"/deals/{deal.pk}/comments/", {"text": "  "})
    real = client.post(f"/deals/{deal.pk}/comments/", {"text": "Sună după 14"})

    assert (empty.status_code, real.status_code) == (422, 303)
    assert list(DealComment.objects.values_list("text", flat=True)) == ["Sună după 14"]
    assert "Sună după 14" in client.get(real["Location"]).content.decode()
