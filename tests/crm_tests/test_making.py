"""Deals and orders made by hand: what they write, what they refuse, and that a second click makes nothing."""

from __future__ import annotations

import uuid
from dataclasses import replace
from decimal import Decimal

import pytest

from crm import projection
from crm.errors import MoveNotAllowed
from crm.models import BoardChange, Deal, DealMove, Funnel, LostReason, Stage, StageKind
from crm.page_selectors.bulk import preview_bulk_move
from crm.services import DealDraft, create_deal, create_order, move_deal, undo_move
from notifications.models import Message
from orders.drafts import AddressDraft, LineDraft, OrderDraft
from orders.errors import AlreadyDone, NeedsInput
from orders.guards import Arguments
from orders.models import Customer, Order
from orders.services import customers
from shops.actors import Actor
from shops.errors import DomainError, NotPermitted
from shops.models import ClaimVisibility, Shop
from shops.permissions import Role
from tests.factories import ADDRESS, make_product, make_shop, make_user

pytestmark = pytest.mark.django_db
CALLER = AddressDraft(name="Ion Pop", phone="0722 111 222")


@pytest.fixture
def shop():
    return make_shop()


@pytest.fixture
def manager(shop):
    return make_user(shop, language="en")


@pytest.fixture
def sales(shop):
    Funnel.objects.filter(shop=shop, slug__endswith="-sales").update(is_active=True)
    return Funnel.objects.select_related("shop").get(shop=shop, slug__endswith="-sales")


@pytest.fixture
def deal(sales, manager):
    return make_deal(sales, manager)


def make_deal(funnel, user, title="20 mugs", contact=CALLER, key=None):
    draft = DealDraft(title, contact, Decimal("300.00"), "Wants a logo.")
    return create_deal(
        funnel_id=funnel.pk, draft=draft, actor=Actor.person(user), form_key=key or uuid.uuid4()
    )


def stage_of(funnel, slug):
    return Stage.objects.get(funnel=funnel, slug=slug)


def order_draft(shop, product=None):
    total = Decimal("20.00")
    line = LineDraft(
        name="Mug", quantity=2, unit_price=Decimal("10"), total=total, product_id=product and product.pk
    )
    return OrderDraft(currency=shop.currency, shipping=ADDRESS, lines=(line,))


def test_a_deal_stands_on_the_first_open_stage_with_its_customer_and_its_maker(deal, sales, manager):
    assert (deal.stage.slug, deal.title, deal.amount) == ("interest", "20 mugs", Decimal("300.00"))
    assert (deal.customer.name, deal.manager, deal.currency) == ("Ion Pop", manager, sales.shop.currency)
    assert deal.comments.get().text == "Wants a logo."
    assert BoardChange.objects.filter(funnel=sales, deal=deal).exists()


def test_a_colleagues_deal_is_neither_moved_nor_made_an_order_where_claims_keep_out(deal, sales, shop):
    Shop.objects.filter(pk=shop.pk).update(claim_visibility=ClaimVisibility.READ_ONLY)
    colleague = make_user(shop)
    actor, stage = Actor.person(colleague), stage_of(sales, "consideration")

    with pytest.raises(DomainError, match="works on this deal"):
        move_deal(deal_id=deal.pk, to_stage_id=stage.pk, actor=actor)
    with pytest.raises(DomainError, match="works on this deal"):
        create_order(
            shop_id=shop.pk, draft=order_draft(shop), actor=actor, form_key=uuid.uuid4(), deal_id=deal.pk
        )
    summary = preview_bulk_move(colleague, sales, stage, deal_ids=[deal.pk])

    assert Deal.objects.get(pk=deal.pk).stage.slug == "interest"
    assert not Order.objects.exists()
    assert "works on this deal" in summary.staying[0].sentence
    assert move_deal(
        deal_id=deal.pk, to_stage_id=stage.pk, actor=Actor.person(make_user(shop, Role.SUPERVISOR))
    )


def test_the_same_caller_is_one_customer(deal, sales, manager):
    again = make_deal(sales, manager, "Plates", AddressDraft(phone="+40722111222"))

    assert again.customer == deal.customer
    assert Customer.objects.count() == 1


def test_a_deal_nobody_is_named_for_has_no_customer(sales, manager):
    assert make_deal(sales, manager, contact=AddressDraft()).customer is None


def test_a_second_click_makes_no_second_deal(sales, manager):
    key = uuid.uuid4()

    first, second = (make_deal(sales, manager, key=key) for _ in range(2))

    assert first.pk == second.pk
    assert Deal.objects.count() == 1


def test_the_key_of_another_shops_deal_answers_nothing(deal):
    Deal.objects.filter(pk=deal.pk).update(form_key=(key := uuid.uuid4()))
    other = make_shop()
    funnel, stranger = Funnel.objects.get(shop=other, slug__endswith="-sales"), make_user(other)

    with pytest.raises(DomainError, match="could not be done"):
        make_deal(funnel, stranger, key=key)

    assert Deal.objects.get() == deal


def test_the_key_of_a_made_deal_answers_nobody_who_may_not_make_one(shop, sales, manager):
    make_deal(sales, manager, key=(key := uuid.uuid4()))

    with pytest.raises(NotPermitted):
        make_deal(sales, make_user(shop, Role.WAREHOUSE), key=key)


def test_a_second_click_finds_the_deal_on_the_board_its_order_took_it_to(shop, sales, manager):
    deal = make_deal(sales, manager, key=(key := uuid.uuid4()))
    create_order(
        shop_id=shop.pk,
        draft=order_draft(shop),
        actor=Actor.person(manager),
        form_key=uuid.uuid4(),
        deal_id=deal.pk,
    )

    assert make_deal(sales, manager, key=key).pk == deal.pk


def test_a_new_customer_is_noted_before_the_boards_rules_are_held(sales, manager, monkeypatch):
    seen, hold, lock = [], projection.hold_rules, customers.lock_name
    monkeypatch.setattr(projection, "hold_rules", lambda key: seen.append("rules") or hold(key))
    monkeypatch.setattr(customers, "lock_name", lambda *name: seen.append("customer") or lock(*name))

    make_deal(sales, manager)

    assert seen == ["customer", "rules"]


def test_a_board_of_orders_alone_takes_no_deal(shop, manager):
    orders = Funnel.objects.get(shop=shop, is_default=True)

    with pytest.raises(DomainError, match="create an order instead"):
        make_deal(orders, manager)

    assert not Deal.objects.exists()
    assert not Customer.objects.exists()


def test_the_warehouse_makes_neither(shop, sales):
    packer = Actor.person(make_user(shop, Role.WAREHOUSE))

    with pytest.raises(NotPermitted):
        create_deal(funnel_id=sales.pk, draft=DealDraft("Mugs", CALLER), actor=packer, form_key=uuid.uuid4())
    with pytest.raises(NotPermitted):
        create_order(shop_id=shop.pk, draft=order_draft(shop), actor=packer, form_key=uuid.uuid4())

    assert not Deal.objects.exists()
    assert not Order.objects.exists()


def test_a_deal_is_lost_for_a_reason(deal, sales, manager):
    actor, lost = Actor.person(manager), stage_of(sales, "lost")

    with pytest.raises(NeedsInput) as asked:
        move_deal(deal_id=deal.pk, to_stage_id=lost.pk, actor=actor)
    unmoved = Deal.objects.get(pk=deal.pk)
    why = Arguments(reason_code=LostReason.PRICE, reason="Found them cheaper.")
    result = move_deal(deal_id=deal.pk, to_stage_id=lost.pk, actor=actor, arguments=why)

    assert (asked.value.form, unmoved.stage.slug) == ("lose", "interest")
    assert Deal.objects.get(pk=deal.pk).lost_reason == LostReason.PRICE
    move = DealMove.objects.get(move_id=result.move_id)
    assert (move.reason_code, move.reason) == (LostReason.PRICE, "Found them cheaper.")


def test_a_lost_deal_that_changes_its_place_in_the_column_keeps_why(deal, sales, manager):
    actor, lost = Actor.person(manager), stage_of(sales, "lost")
    why = Arguments(reason_code=LostReason.PRICE, reason="Found them cheaper.")
    first = move_deal(deal_id=deal.pk, to_stage_id=lost.pk, actor=actor, arguments=why)

    move_deal(deal_id=deal.pk, to_stage_id=lost.pk, actor=actor)

    assert Deal.objects.get(pk=deal.pk).lost_reason == LostReason.PRICE
    assert DealMove.objects.get(move_id=first.move_id).reason_code == LostReason.PRICE


def test_a_lost_deal_says_why_and_can_still_become_an_order(client, deal, sales, manager):
    why = Arguments(reason_code=LostReason.PRICE, reason="Found them cheaper.")
    lost = stage_of(sales, "lost")
    move_deal(deal_id=deal.pk, to_stage_id=lost.pk, actor=Actor.person(manager), arguments=why)
    client.force_login(manager)

    page = client.get(f"/deals/{deal.pk}/").content.decode()

    assert "Lost: Too expensive" in page
    assert "Too expensive · Found them cheaper." in page
    assert f'href="/deals/{deal.pk}/order/"' in page
    assert 'id="order-lines"' not in page


def test_the_list_of_orders_leads_to_a_new_one_for_who_may_place_it(client, shop, manager):
    seen = []
    for person in (manager, make_user(shop, Role.WAREHOUSE, language="en")):
        client.force_login(person)
        seen.append('href="/orders/new/"' in client.get("/orders/").content.decode())

    assert seen == [True, False]


def test_losing_a_deal_can_be_undone(deal, sales, manager):
    actor, lost = Actor.person(manager), stage_of(sales, "lost")
    why = Arguments(reason_code=LostReason.SILENT)
    result = move_deal(deal_id=deal.pk, to_stage_id=lost.pk, actor=actor, arguments=why)

    undo_move(move_id=result.move_id, actor=actor)

    assert Deal.objects.get(pk=deal.pk).stage.slug == "interest"


def test_a_deal_is_won_by_creating_its_order(deal, sales, manager):
    won = Stage.objects.get(funnel=sales, kind=StageKind.WON)

    with pytest.raises(NeedsInput) as asked:
        move_deal(deal_id=deal.pk, to_stage_id=won.pk, actor=Actor.person(manager))

    assert asked.value.form == "create_order"
    assert Deal.objects.get(pk=deal.pk).stage.slug == "interest"


def test_its_order_takes_the_card_to_the_board_of_orders(shop, deal, sales, manager):
    mug = make_product(shop, stock=5)

    order = create_order(
        shop_id=shop.pk,
        draft=order_draft(shop, mug),
        actor=Actor.person(manager),
        form_key=uuid.uuid4(),
        deal_id=deal.pk,
    )

    deal = Deal.objects.get(pk=deal.pk)
    orders = Funnel.objects.get(shop=shop, is_default=True)
    assert (deal.order, deal.funnel, deal.stage.slug) == (order, orders, "new")
    assert (deal.title, deal.amount, deal.customer) == (order.number, order.total, order.customer)
    assert (deal.manager, order.manager) == (manager, manager)
    assert [move.to_stage.slug for move in deal.moves.order_by("pk")] == ["interest", "order", "new"]
    assert "20 mugs" in deal.comments.values_list("text", flat=True)
    assert Deal.objects.count() == 1
    assert Message.objects.filter(order=order).exists()


def test_a_deal_becomes_one_order_only(shop, deal, manager):
    def place():
        return create_order(
            shop_id=shop.pk,
            draft=order_draft(shop),
            actor=Actor.person(manager),
            form_key=uuid.uuid4(),
            deal_id=deal.pk,
        )

    place()

    with pytest.raises(AlreadyDone):
        place()
    assert Order.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_make_one_order_of_a_deal(in_threads):
    shop = make_shop()
    Funnel.objects.filter(shop=shop, slug__endswith="-sales").update(is_active=True)
    sales = Funnel.objects.get(shop=shop, slug__endswith="-sales")
    people = [make_user(shop) for _ in range(4)]
    deal, draft = make_deal(sales, people[0]), order_draft(shop, make_product(shop, stock=9))

    def place(person):
        return create_order(
            shop_id=shop.pk,
            draft=draft,
            actor=Actor.person(person),
            form_key=uuid.uuid4(),
            deal_id=deal.pk,
        )

    outcomes = in_threads([lambda person=person: place(person) for person in people])

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AlreadyDone"] * 3 + ["Order"]
    assert Order.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_twice_at_once_places_one_order(in_threads):
    shop = make_shop()
    actor, key = Actor.person(make_user(shop)), uuid.uuid4()
    draft = order_draft(shop, make_product(shop, stock=9))

    placed = in_threads(
        [lambda: create_order(shop_id=shop.pk, draft=draft, actor=actor, form_key=key) for _ in range(4)]
    )

    assert {order.pk for order in placed} == {Order.objects.get().pk}


def test_an_order_of_a_deal_of_another_shop_is_refused(deal, manager):
    other = make_shop()
    boss = make_user(other, Role.ADMIN)

    with pytest.raises(DomainError, match="another shop"):
        create_order(
            shop_id=other.pk,
            draft=order_draft(other),
            actor=Actor.person(boss),
            form_key=uuid.uuid4(),
            deal_id=deal.pk,
        )

    assert not Order.objects.exists()


def test_a_closed_stage_of_another_board_takes_no_deal(deal, shop, manager):
    elsewhere = Stage.objects.get(funnel__shop=shop, slug="confirmed")

    with pytest.raises(MoveNotAllowed):
        move_deal(deal_id=deal.pk, to_stage_id=elsewhere.pk, actor=Actor.person(manager))


# --- The pages


@pytest.fixture
def page(client, manager):
    client.force_login(manager)
    return client


def typed(shop, lines=(), **more):
    values = {
        "form_key": str(uuid.uuid4()),
        "language": "ro",
        "delivery_kind": "door",
        "payment_method": "cod",
    }
    values |= {name: value for name, value in ADDRESS.__dict__.items() if value}
    values["lines-TOTAL_FORMS"] = str(len(lines))
    for number, line in enumerate(lines):
        values |= {f"lines-{number}-{name}": value for name, value in line.items()}
    return values | more


def test_a_scanned_code_adds_its_product_and_again_one_more(page, shop):
    mug = make_product(shop, stock=1, name="Mug", barcode="5941234500017", price=Decimal("12.50"))
    first = page.post("/orders/new/", typed(shop, q=mug.barcode, find="1"))
    row = {"product": str(mug.pk), "name": "Mug", "quantity": "1", "unit_price": "12.50", "vat_rate": "19"}

    again = page.post("/orders/new/", typed(shop, [row], q=mug.barcode, find="1"))

    assert first.context["rows"][0]["product"] == mug
    assert again.context["rows"][0]["form"]["quantity"].value() == "2"
    assert again.context["total"] == Decimal("25.00")
    assert again.context["rows"][0]["is_short"]
    assert "1 free: the rest waits for stock" in again.content.decode()


def test_an_order_is_placed_with_vat_out_of_its_gross_prices(page, shop):
    mug = make_product(shop, stock=9, vat_rate=Decimal("19"))
    row = {"product": str(mug.pk), "name": "x", "quantity": "3", "unit_price": "11.90", "vat_rate": "19"}
    free = {"name": "Engraving", "quantity": "1", "unit_price": "5.00", "discount": "1.00", "vat_rate": "9"}

    answer = page.post(
        "/orders/new/", typed(shop, [row | {"discount": ""}, free], place="1", shipping_total="20.00")
    )

    order = Order.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/orders/{order.number}/")
    assert (order.goods_total, order.shipping_total, order.total) == (
        Decimal("39.70"),
        Decimal("20.00"),
        Decimal("59.70"),
    )
    assert order.vat_total == Decimal("5.70") + Decimal("0.33") + Decimal("3.19")
    assert [line.name for line in order.lines.all()] == [mug.name, "Engraving"]
    assert order.source == "manual"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ({"name": "Mug", "quantity": "0", "unit_price": "1"}, "greater than or equal to 1"),
        ({"name": "Mug", "quantity": "1", "unit_price": "NaN"}, "Enter a number"),
        ({"name": "", "quantity": "1", "unit_price": "1"}, "The line needs a name."),
        (
            {"name": "Mug", "quantity": "1", "unit_price": "1", "discount": "2"},
            "The discount is larger than the line.",
        ),
    ],
)
def test_a_line_that_cannot_be_is_named_and_nothing_is_placed(page, shop, line, sentence):
    answer = page.post("/orders/new/", typed(shop, [line], place="1"))

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Order.objects.exists()


def test_an_order_without_lines_is_not_placed(page, shop):
    answer = page.post("/orders/new/", typed(shop, place="1"))

    assert answer.status_code == 422
    assert "The order has no line yet" in answer.content.decode()
    assert not Order.objects.exists()


def test_a_product_of_another_shop_is_nothing_here(page, shop):
    foreign = make_product(make_shop(), name="Secret mug", price=Decimal("1"))
    added = page.post("/orders/new/", typed(shop, add=str(foreign.pk)))
    row = {"product": str(foreign.pk), "name": "Mine", "quantity": "1", "unit_price": "1"}

    placed = page.post("/orders/new/", typed(shop, [row], place="1"))

    assert "Secret mug" not in added.content.decode()
    assert placed.status_code == 303
    assert Order.objects.get().lines.get().product_id != foreign.pk


def test_a_known_customer_fills_the_form_and_one_of_another_shop_does_not(page, shop, deal):
    stranger = make_deal_elsewhere()

    known = page.post("/orders/new/", typed(shop, name="", phone="", customer=str(deal.customer_id)))
    unknown = page.post("/orders/new/", typed(shop, name="", customer=str(stranger.customer_id)))

    assert known.context["form"]["name"].value() == "Ion Pop"
    assert unknown.context["form"]["name"].value() == ""


def make_deal_elsewhere():
    other = make_shop()
    funnel = Funnel.objects.get(shop=other, slug__endswith="-sales")
    return make_deal(funnel, make_user(other), contact=replace(CALLER, name="Stranger"))


def test_a_deal_is_made_on_the_board_and_its_page_leads_to_the_order(page, sales):
    made = page.post(f"/board/{sales.slug}/deals/new/", {"title": "20 mugs", "phone": "0722 111 222"})
    deal = Deal.objects.get()
    form = page.get(f"/deals/{deal.pk}/order/")

    assert made["Location"] == f"/board/{sales.slug}/#deal-card-{deal.pk}"
    assert form.context["form"]["phone"].value() == "0722 111 222"


def test_a_drop_on_lost_asks_why_and_one_on_won_for_the_order(page, sales, deal):
    lost = page.post(f"/deals/{deal.pk}/move/", {"stage": "lost"}, headers={"HX-Request": "true"})
    won = page.post(f"/deals/{deal.pk}/move/", {"stage": "order"}, headers={"HX-Request": "true"})

    assert lost.status_code == won.status_code == 422
    assert 'name="reason_code"' in lost.content.decode()
    assert f"/deals/{deal.pk}/order/" in won.content.decode()


def test_the_page_costs_the_same_for_one_line_and_for_twenty(page, shop, django_assert_num_queries):
    mugs = [make_product(shop, stock=3, name=f"Mug {number}") for number in range(20)]
    rows = [{"product": str(mug.pk), "name": mug.name, "quantity": "1", "unit_price": "1"} for mug in mugs]
    page.get("/orders/new/")

    for lines in (rows[:1], rows):
        with django_assert_num_queries(15):
            page.post("/orders/new/", typed(shop, lines, q="mug", find="1"))
