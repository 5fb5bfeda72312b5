"""Saving a mapping as one thing: what is refused at which field, what is warned of, and what becomes of cards."""

from dataclasses import replace

import pytest

from crm import services as crm
from crm.errors import ChangedMeanwhile, MoveNotAllowed
from crm.models import Deal, DealMove, Funnel, Happening, MoveKind, Stage, StageRule
from crm.selectors.mapping import mapping_of, version_of, warnings_of
from crm.services.emptying import empty_stage
from crm.services.funnels import (
    Start,
    choose_default_funnel,
    copy_funnel,
    create_funnel,
    shift_funnel,
    switch_funnel,
)
from crm.services.stages import (
    CardsInTheWay,
    FunnelPlan,
    PlanRefused,
    StagePlan,
    add_stage,
    save_funnel,
)
from notifications.models import Message
from orders import services as orders
from orders.models import Order
from orders.statuses import Status
from shops.actors import Actor
from shops.errors import DomainError, NotPermitted
from shops.permissions import Role
from tests.factories import make_order, make_shop, make_user
from tests.state import assert_sound

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")


@pytest.fixture
def shop():
    return make_shop("RO", language="en")


@pytest.fixture
def funnel(shop) -> Funnel:
    return Funnel.objects.get(shop=shop, is_default=True)


@pytest.fixture
def boss(shop) -> Actor:
    return Actor.person(make_user(shop, Role.SUPERVISOR))


def plan_of(funnel: Funnel, **changes) -> FunnelPlan:
    """The mapping as it stands, with `<slug>={column: value}` and the plan's own columns changed."""
    mapping = mapping_of(funnel)
    names = [name for name in StagePlan.__dataclass_fields__ if name != "stage_id"]
    stages = tuple(
        replace(
            StagePlan(stage.pk, **{name: getattr(stage, name) for name in names}),
            **changes.pop(stage.slug.replace("-", "_"), {}),
        )
        for stage in mapping.stages
    )
    entries = {status: stage.pk for status, stage in mapping.entries.items()}
    plan = FunnelPlan(
        funnel.name, funnel.creates_deals, funnel.follows_orders, stages, entries, dict(mapping.rules)
    )
    return replace(plan, **changes)


def save(funnel, plan, actor, **options):
    options.setdefault("version", version_of(funnel.pk))
    return save_funnel(funnel_id=funnel.pk, plan=plan, actor=actor, **options)


def stage(funnel, slug) -> Stage:
    return Stage.objects.get(funnel=funnel, slug=slug)


def test_it_saves_all_of_it_at_once(funnel, boss):
    plan = plan_of(funnel, name="Shop floor", packed={"name": "Ready", "wip_limit": 5, "wip_is_hard": False})
    rules = plan.rules | {Happening.PAID: stage(funnel, "new").pk}
    stages = (plan.stages[1], plan.stages[0], *plan.stages[2:])

    saved = save(funnel, replace(plan, rules=rules, stages=stages), boss)

    ready = stage(funnel, "packed")
    assert saved.changed
    assert Funnel.objects.get(pk=funnel.pk).name == "Shop floor"
    assert (ready.name, ready.wip_limit, ready.wip_is_hard) == ("Ready", 5, False)
    assert list(funnel.stages.values_list("slug", flat=True))[:2] == ["no-answer", "new"]
    assert StageRule.objects.get(funnel=funnel, happening=Happening.PAID).stage.slug == "new"


def test_saving_what_is_there_changes_nothing(funnel, boss):
    before = version_of(funnel.pk)

    saved = save(funnel, plan_of(funnel), boss)

    assert saved.changed is False
    assert version_of(funnel.pk) == before


def test_an_entry_wanders_in_one_save(funnel, boss):
    plan = plan_of(funnel)

    save(funnel, replace(plan, entries=plan.entries | {"processing": stage(funnel, "packed").pk}), boss)

    assert mapping_of(funnel).entries["processing"].slug == "packed"


def test_two_entries_change_their_statuses_in_one_save(funnel, shop, boss):
    order = make_order(shop, status=Status.PROCESSING)
    confirmed, picking = stage(funnel, "confirmed"), stage(funnel, "picking")
    plan = plan_of(funnel, confirmed={"status": "processing"}, picking={"status": "confirmed"})
    entries = plan.entries | {"processing": confirmed.pk, "confirmed": picking.pk}

    save(funnel, replace(plan, entries=entries), boss, move_cards=True)

    found = mapping_of(funnel).entries
    assert (found["processing"], found["confirmed"]) == (confirmed, picking)
    assert Deal.objects.get(order=order).stage == confirmed
    assert_sound()


def test_an_entry_given_up_is_a_change_a_colleague_hears_of(funnel, boss):
    before, plan = version_of(funnel.pk), plan_of(funnel)
    entries = {status: pk for status, pk in plan.entries.items() if status != "delivered"}

    saved = save(funnel, replace(plan, entries=entries), boss)

    assert saved.changed
    assert version_of(funnel.pk) != before
    assert "delivered" not in mapping_of(funnel).entries


@pytest.mark.parametrize("role", [Role.MANAGER, Role.WAREHOUSE])
def test_others_may_not(funnel, shop, role):
    with pytest.raises(NotPermitted):
        save(funnel, plan_of(funnel, name="Mine"), Actor.person(make_user(shop, role)))

    assert Funnel.objects.get(pk=funnel.pk).name == funnel.name


def test_a_colleagues_change_meanwhile_is_not_overwritten(funnel, boss):
    version = version_of(funnel.pk)
    save(funnel, plan_of(funnel, new={"name": "Fresh"}), boss)

    with pytest.raises(ChangedMeanwhile, match="Somebody else changed this board"):
        save(funnel, plan_of(funnel, new={"name": "Mine"}), boss, version=version)

    assert stage(funnel, "new").name == "Fresh"


def test_problems_are_said_at_their_fields_and_nothing_is_saved(funnel, boss):
    picking, packed = stage(funnel, "picking"), stage(funnel, "packed")
    plan = plan_of(funnel, name="X", picking={"status": ""}, packed={"name": "New"})

    with pytest.raises(PlanRefused) as refused:
        save(funnel, plan, boss)

    assert set(refused.value.problems) == {
        "entry-processing",
        f"stage-{packed.pk}-name",
        f"stage-{stage(funnel, 'new').pk}-name",
    }
    assert "is not a stage of “Processing”" in refused.value.problems["entry-processing"]
    assert Stage.objects.get(pk=picking.pk).status == "processing"


def in_the_way(funnel) -> FunnelPlan:
    """*Packed* becomes a stage of shipped orders."""
    return plan_of(funnel, packed={"status": "shipped"})


def pack(shop) -> Order:
    order = make_order(shop, status=Status.PROCESSING)
    deal = Deal.objects.get(order=order)
    packed = Stage.objects.get(funnel=deal.funnel, slug="packed")
    crm.move_deal(deal_id=deal.pk, to_stage_id=packed.pk, actor=SYSTEM)
    return order


def test_cards_that_would_contradict_are_asked_about_first(funnel, shop, boss):
    pack(shop)

    with pytest.raises(CardsInTheWay) as asked:
        save(funnel, in_the_way(funnel), boss)

    assert asked.value.counts == {stage(funnel, "packed").pk: 1}
    assert stage(funnel, "packed").status == "processing"


def test_cards_in_the_way_go_to_the_stage_of_their_status_and_orders_stay(funnel, shop, boss):
    order = pack(shop)
    messages = Message.objects.count()

    saved = save(funnel, in_the_way(funnel), boss, move_cards=True)

    deal = Deal.objects.get(order=order)
    move = deal.moves.latest("id")
    assert (saved.moved, deal.stage.slug) == (1, "picking")
    assert (move.kind, move.actor_user_id, move.undo_until) == (MoveKind.BY_HAND, boss.user_id, None)
    assert Order.objects.get(pk=order.pk).status == Status.PROCESSING
    assert Message.objects.count() == messages
    assert_sound()


def test_cards_without_a_place_keep_the_stage_as_it_is(funnel, shop, boss):
    pack(shop)
    plan = in_the_way(funnel)
    entries = {status: pk for status, pk in plan.entries.items() if status != "processing"}

    with pytest.raises(PlanRefused) as refused:
        save(funnel, replace(plan, entries=entries), boss, move_cards=True)

    assert "no stage is chosen for them above" in next(iter(refused.value.problems.values()))
    assert stage(funnel, "packed").status == "processing"


def test_a_stage_that_becomes_the_end_closes_its_cards(funnel, shop, boss):
    order = pack(shop)

    save(funnel, plan_of(funnel, packed={"kind": "won"}), boss)

    assert Deal.objects.get(order=order).is_open is False
    assert_sound()


def test_a_new_stage_stands_behind_those_of_its_status(funnel, boss):
    added = add_stage(
        funnel_id=funnel.pk, name="Labelled", status="processing", version=version_of(funnel.pk), actor=boss
    )

    slugs = list(funnel.stages.values_list("slug", flat=True))
    assert slugs[slugs.index("packed") + 1] == "labelled"
    assert added.is_entry is False


def test_a_stage_of_the_same_name_is_refused(funnel, boss):
    with pytest.raises(DomainError, match="could not tell the two apart"):
        add_stage(funnel_id=funnel.pk, name="packed", status="", version=version_of(funnel.pk), actor=boss)

    assert funnel.stages.count() == 12


def test_deleting_a_stage_moves_its_cards_on_purpose(funnel, shop, boss):
    order = pack(shop)

    done = empty_stage(stage_id=stage(funnel, "packed").pk, actor=boss, delete=True)

    assert done.is_deleted
    assert Deal.objects.get(order=order).stage.slug == "picking"
    assert Order.objects.get(pk=order.pk).status == Status.PROCESSING
    assert_sound()


def test_it_goes_step_by_step(funnel, shop, boss):
    for _ in range(3):
        pack(shop)
    packed = stage(funnel, "packed")

    first = empty_stage(stage_id=packed.pk, actor=boss, delete=True, limit=2)
    second = empty_stage(stage_id=packed.pk, actor=boss, delete=True, limit=2)

    assert (first.moved, first.is_empty, second.moved, second.is_deleted) == (2, False, 1, True)


def test_the_stage_its_cards_go_to_becomes_the_entry(funnel, shop, boss):
    order = make_order(shop, status=Status.PROCESSING)
    packed = stage(funnel, "packed")

    empty_stage(stage_id=stage(funnel, "picking").pk, actor=boss, to_stage_id=packed.pk, delete=True)

    assert Deal.objects.get(order=order).stage == packed
    assert mapping_of(funnel).entries["processing"] == packed


@pytest.mark.parametrize("to", ["shipped", None])
def test_cards_never_go_where_their_order_is_not(funnel, shop, boss, to):
    order = make_order(shop, status=Status.PROCESSING)
    target = stage(funnel, to).pk if to else None

    with pytest.raises(MoveNotAllowed):
        empty_stage(stage_id=stage(funnel, "picking").pk, actor=boss, to_stage_id=target, delete=True)

    assert Deal.objects.get(order=order).stage.slug == "picking"


def test_the_record_of_moves_lets_go_of_a_stage_in_steps(funnel, shop, boss, monkeypatch):
    monkeypatch.setattr("crm.services.emptying.MOVES_FORGOTTEN", 1)
    order = pack(shop)
    packed = stage(funnel, "packed").pk

    steps = [empty_stage(stage_id=packed, actor=boss, delete=True)]
    while not steps[-1].is_deleted:
        steps.append(empty_stage(stage_id=packed, actor=boss, delete=True))

    assert len(steps) > 1
    assert DealMove.objects.filter(deal__order=order).count() >= 3
    assert_sound()


def test_a_deleted_stage_takes_no_card(funnel, shop, boss):
    order = make_order(shop, status=Status.PROCESSING)
    packed = stage(funnel, "packed").pk
    empty_stage(stage_id=packed, actor=boss, delete=True)

    with pytest.raises(MoveNotAllowed, match="not on this board any more"):
        crm.move_deal(deal_id=Deal.objects.get(order=order).pk, to_stage_id=packed, actor=boss)


def warned(funnel, **changes) -> str:
    for slug, columns in changes.items():
        Stage.objects.filter(funnel=funnel, slug=slug.replace("_", "-")).update(**columns)
    return "\n".join(remark.sentence for remark in warnings_of(mapping_of(funnel)) if not remark.is_note)


def test_the_preset_has_notes_but_no_warnings(funnel):
    assert warned(funnel) == ""


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"delivered": {"is_entry": False}}, "No stage is chosen for “Delivered”: cards of such orders stay"),
        ({"new": {"is_entry": False}}, "No stage is chosen for “New”: new orders get no card here"),
        ({"confirmed": {"condition": "at_pickup"}}, "No card can come to “Confirmed"),
        ({"confirmed": {"condition": "paid"}}, "whatever its condition says"),
        ({"packed": {"wip_limit": 0}}, "its limit is 0"),
        ({"confirmed": {"requires_previous": True}}, "is a side stage and does not count"),
        ({"cancelled": {"requires_previous": True}}, "no order gets there from"),
        ({"new": {"requires_previous": True}}, "but it is the first"),
        ({"no_answer": {"status": "delivered"}}, "an order is never “Delivered” then"),
    ],
)
def test_it_warns(funnel, changes, sentence):
    assert sentence in warned(funnel, **changes)


def test_a_rule_against_its_condition_is_warned_of(funnel):
    StageRule.objects.create(funnel=funnel, happening=Happening.PAID, stage=stage(funnel, "awaiting-payment"))

    assert "whose condition is not met then" in warned(funnel)


def test_a_funnel_that_does_not_follow_leaves_orders_alone(funnel, shop, boss):
    order = make_order(shop)
    save(funnel, plan_of(funnel, follows_orders=False), boss)
    deal = Deal.objects.get(order=order)

    crm.move_deal(deal_id=deal.pk, to_stage_id=stage(funnel, "shipped").pk, actor=boss)
    orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    assert Order.objects.get(pk=order.pk).status == Status.CONFIRMED
    assert Deal.objects.get(pk=deal.pk).stage.slug == "shipped"


def test_undoing_a_move_there_leaves_the_order_alone_too(funnel, shop, boss):
    order = make_order(shop)
    save(funnel, plan_of(funnel, follows_orders=False), boss)
    deal = Deal.objects.get(order=order)
    moved = crm.move_deal(deal_id=deal.pk, to_stage_id=stage(funnel, "shipped").pk, actor=boss)

    crm.undo_move(move_id=moved.move_id, actor=boss)

    assert Deal.objects.get(pk=deal.pk).stage.slug == "new"
    assert Order.objects.get(pk=order.pk).status == Status.NEW


def test_following_again_is_told(funnel, boss):
    save(funnel, plan_of(funnel, follows_orders=False), boss)

    saved = save(
        Funnel.objects.get(pk=funnel.pk), plan_of(Funnel.objects.get(pk=funnel.pk), follows_orders=True), boss
    )

    assert saved.follows_again


def test_a_funnel_that_makes_no_cards_makes_none_until_asked(funnel, shop, boss):
    save(funnel, plan_of(funnel, creates_deals=False), boss)

    order = make_order(shop)
    before = Deal.objects.filter(order=order).exists()
    deal = crm.create_deal_for_order(order_id=order.pk, actor=boss)

    assert before is False
    assert (deal.stage.slug, deal.title, deal.amount) == ("new", order.number, order.total)
    with pytest.raises(MoveNotAllowed, match="has a card already"):
        crm.create_deal_for_order(order_id=order.pk, actor=boss)
    assert_sound()


@pytest.mark.parametrize(("start", "stages"), [(Start.ORDERS, 12), (Start.SALES, 5), (Start.EMPTY, 0)])
def test_a_funnel_is_added_switched_off(shop, boss, start, stages):
    made = create_funnel(shop_id=shop.pk, name="Second", start=start, actor=boss)

    assert made.stages.count() == stages
    assert (made.is_active, made.is_default, made.slug) == (False, False, f"{shop.slug}-second")


def test_a_copy_has_stages_and_rules_of_its_own(funnel, boss):
    made = copy_funnel(funnel_id=funnel.pk, name="", actor=boss)

    assert list(made.stages.values_list("slug", "status", "is_entry")) == list(
        funnel.stages.values_list("slug", "status", "is_entry")
    )
    assert set(made.rules.values_list("happening", "stage__funnel")) == {
        (happening, made.pk) for happening in ("no_answer", "at_pickup", "payment_failed")
    }


def test_the_board_of_orders_is_changed_and_the_old_one_can_go(funnel, shop, boss):
    made = copy_funnel(funnel_id=funnel.pk, name="Other", actor=boss)
    with pytest.raises(DomainError, match="Switch “Other” on first"):
        choose_default_funnel(funnel_id=made.pk, actor=boss)
    with pytest.raises(DomainError, match="Choose another board for them first"):
        switch_funnel(funnel_id=funnel.pk, is_active=False, actor=boss)

    switch_funnel(funnel_id=made.pk, is_active=True, actor=boss)
    choose_default_funnel(funnel_id=made.pk, actor=boss)
    switch_funnel(funnel_id=funnel.pk, is_active=False, actor=boss)

    order = make_order(shop)
    assert Deal.objects.get(order=order).funnel == made


def test_boards_change_places(funnel, shop, boss):
    sales = Funnel.objects.get(shop=shop, is_default=False)

    shift_funnel(funnel_id=sales.pk, by=-1, actor=boss)
    moved_past_the_end = shift_funnel(funnel_id=sales.pk, by=-1, actor=boss)

    assert list(Funnel.objects.filter(shop=shop).order_by("position")) == [sales, funnel]
    assert moved_past_the_end is False


def test_an_empty_board_is_not_switched_on(shop, boss):
    made = create_funnel(shop_id=shop.pk, name="Bare", start=Start.EMPTY, actor=boss)

    with pytest.raises(DomainError, match="has no stages yet"):
        switch_funnel(funnel_id=made.pk, is_active=True, actor=boss)

    assert Funnel.objects.get(pk=made.pk).is_active is False
