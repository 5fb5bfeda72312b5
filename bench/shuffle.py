"""A shuffle of cards and orders from both sides, while somebody else rearranges the board under everybody's hands.

Import it only after Django was set up. It uses the services the pages use, each worker as a person with an own
connection. What it proves is read from the database afterwards, by what `manage.py verify` asks.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from crm import services as crm
from crm.errors import StaleBoard
from crm.models import Deal, DealMove, Funnel, Happening, Stage, StageCondition
from crm.selectors.drift import disagreeing, without_card
from crm.selectors.mapping import Mapping, mapping_of, version_of
from crm.services.emptying import empty_stage
from crm.services.stages import FunnelPlan, StagePlan, add_stage, save_funnel
from inventory.models import Product
from inventory.services import receive
from oms.verification import problems
from orders import services as orders
from orders.drafts import AddressDraft, LineDraft, OrderDraft
from orders.guards import Arguments
from orders.models import Order, OrderEvent, Shipment
from orders.statuses import CancelReason, PaymentMethod, PaymentStatus, ReturnKind, ShipmentState, Status
from shops.actors import Actor
from shops.errors import DomainError
from shops.models import Membership, Shop, User
from shops.permissions import Role
from shops.services import create_shop

SYSTEM = Actor.system("shuffle")
PRICE = Decimal("25.00")
# Every data form filled in: which of it a move needs depends on where the card stands by then.
FORMS = {"carrier": "fan", "reason_code": CancelReason.CUSTOMER, "return_kind": ReturnKind.REFUSED}
MOST_STAGES = 18
STEP = 25


@dataclass(frozen=True)
class Damage:
    """What is off afterwards: cards that disagree, orders without a card, what `verify` says, in sentences."""

    disagreeing: int
    lost: int
    off: list[str]


@dataclass
class Shuffle:
    """One shop with so many orders; workers know it by its slug, so that they may be processes."""

    slug: str
    seed: int = 1
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    @classmethod
    def prepare(cls, *, count: int, people: int, seed: int = 1) -> Shuffle:
        """Make the shop, its people, goods enough and the first orders."""
        mark = f"{time.time_ns():x}"[-8:]
        shop = create_shop(
            country="RO",
            name=f"Shuffle {mark}",
            slug=f"shuffle-{mark}",
            order_prefix=f"H{mark[-6:].upper()}-",
            domain="shuffle.example",
        )
        Shop.objects.filter(pk=shop.pk).update(undo_seconds=3600)
        for number in range(people + 1):
            user = User.objects.create(username=f"{shop.slug}-{number}")
            Membership.objects.create(user=user, shop=shop, role=Role.ADMIN)
        goods = [
            Product.objects.create(shop=shop, sku=f"H{n}", name=f"Goods {n}", price=PRICE) for n in range(20)
        ]
        for product in goods:
            receive(product_id=product.pk, quantity=100_000, reason="opening stock", actor=SYSTEM)
        shuffle = cls(shop.slug, seed)
        chance = random.Random(seed)
        for _n in range(count):
            shuffle._place(chance, SYSTEM)
        return shuffle

    @property
    def shop(self) -> Shop:
        return Shop.objects.get(slug=self.slug)

    def person(self, number: int) -> Actor:
        """The person a worker is."""
        return Actor.person(User.objects.get(username=f"{self.slug}-{number}"))

    def move(self, number: int, count: int) -> None:
        """Make so many random moves from both sides, as one worker."""
        self._shop_id = self.shop.pk
        self._funnel_id = Funnel.objects.get(shop_id=self._shop_id, is_default=True).pk
        chance, actor = random.Random(f"{self.seed}-{number}"), self.person(number)
        self._moves: list[Any] = []
        for _n in range(count):
            (name,) = chance.choices(list(MOVES), weights=[share for share, _move in MOVES.values()])
            self._attempt(name, MOVES[name][1], chance, actor)

    def rearrange(self, number: int, goes_on: Callable[[], bool]) -> None:
        """Rename, remap, reorder, add and delete stages until told to stop."""
        self._funnel_id = Funnel.objects.get(shop=self.shop, is_default=True).pk
        chance, actor = random.Random(f"{self.seed}-board"), self.person(number)
        while goes_on():
            name = chance.choice(list(CHANGES))
            self._attempt(name, CHANGES[name], chance, actor)
            time.sleep(0.02)

    def damage(self) -> Damage:
        """What disagrees now."""
        shop = self.shop
        of_shop = Order.objects.filter(shop=shop)
        cards = Deal.objects.filter(funnel__shop=shop)
        lost = of_shop.count() - cards.filter(order__isnull=False).count()
        return Damage(
            disagreeing(cards).count(),
            max(lost, without_card(of_shop).count()),
            [sentence for _check, sentence in problems()],
        )

    def count(self, ended: str) -> int:
        """Attempts that ended so: "moved", "refused", "stale", "deadlock" or "error"."""
        return sum(number for (_name, how), number in self.outcomes.items() if how == ended)

    def _attempt(self, name: str, make: Callable[..., None], chance: random.Random, actor: Actor) -> None:
        try:
            make(self, chance, actor)
            ended = "moved"
        except StaleBoard:
            ended = "stale"
        except DomainError as refusal:
            ended = "error" if refusal.code in ("conflict", "impossible") else "refused"
            if ended == "error":
                self.errors[f"{name}: {refusal.sentence}"] += 1
        except Exception as error:
            ended = "deadlock" if "deadlock" in str(error) else "error"
            self.errors[f"{name}: {type(error).__name__}: {str(error).splitlines()[:1]}"] += 1
        self.outcomes[name, ended] += 1

    # ---- The board's side.

    def _drag(self, chance: random.Random, actor: Actor) -> None:
        deal_id, stage_id = self._deal(chance)
        targets = list(Stage.objects.filter(funnel_id=self._funnel_id).values_list("pk", flat=True))
        seen = chance.choices([stage_id, chance.choice(targets), None], weights=[80, 10, 10])[0]
        behind = chance.choice([None, 0, self._deal(chance)[0]])
        moved = crm.move_deal(
            deal_id=deal_id,
            to_stage_id=chance.choice(targets),
            actor=actor,
            seen_stage_id=seen,
            after_deal_id=behind,
            arguments=self._arguments(chance, deal_id),
        )
        self._moves.append(moved.move_id)

    def _undo(self, chance: random.Random, actor: Actor) -> None:
        if self._moves:
            crm.undo_move(move_id=chance.choice(self._moves[-4:]), actor=actor)

    def _claim(self, chance: random.Random, actor: Actor) -> None:
        crm.claim_deal(deal_id=self._deal(chance)[0], actor=actor)

    # ---- The orders' side.

    def _advance(self, chance: random.Random, actor: Actor) -> None:
        order_id, to = self._order(chance), chance.choice(list(Status.values))
        arguments = self._arguments(chance, order_id)
        changes = orders.advance_order(order_id=order_id, to=to, actor=actor, arguments=arguments)
        self._moves += [change.move_id for change in changes[:1]]

    def _pay(self, chance: random.Random, actor: Actor) -> None:
        wanted = chance.choice(list(PaymentStatus.values))
        orders.record_payment(order_id=self._order(chance), actor=actor, payment_status=wanted)

    def _call(self, chance: random.Random, actor: Actor) -> None:
        event = orders.log_call(order_id=self._order(chance), actor=actor, answered=chance.random() < 0.3)
        self._moves.append(event.move_id)

    def _arrive(self, chance: random.Random, actor: Actor) -> None:
        parcels = Shipment.objects.filter(order__shop_id=self._shop_id, state=ShipmentState.HANDED_OVER)
        keys = list(parcels.order_by("-pk").values_list("pk", flat=True)[:20])
        if keys:
            orders.mark_at_pickup(shipment_id=chance.choice(keys), actor=actor)

    def _place(self, chance: random.Random, actor: Actor) -> None:
        shop = self.shop
        products = chance.sample(list(Product.objects.filter(shop=shop)), 2)
        lines = tuple(
            LineDraft(product.name, 1, PRICE, PRICE, sku=product.sku, product_id=product.pk)
            for product in products
        )
        address = AddressDraft(
            name="Ana Pop",
            phone=f"+40722{chance.randrange(10**6):06}",
            street="Strada Lungă 1",
            city="Cluj-Napoca",
            county="Cluj",
            country="RO",
        )
        draft = OrderDraft(
            currency=shop.currency,
            shipping=address,
            lines=lines,
            payment_method=chance.choice([PaymentMethod.COD, PaymentMethod.COD, PaymentMethod.CARD]),
        )
        orders.place_order(shop_id=shop.pk, draft=draft, actor=actor, notify=False)

    def _arguments(self, chance: random.Random, key: int) -> Arguments:
        if chance.random() < 0.15:
            return Arguments()
        return Arguments(**FORMS, reason="shuffle", tracking_number=f"{key:013}")

    def _deal(self, chance: random.Random) -> tuple[int, int]:
        """Often one of a few, so that many want the same one."""
        cards = Deal.objects.filter(funnel_id=self._funnel_id).order_by("pk")
        some = cards.values_list("pk", "stage_id")[: 30 if chance.random() < 0.5 else 100_000]
        return chance.choice(list(some))

    def _order(self, chance: random.Random) -> int:
        some = Order.objects.filter(shop_id=self._shop_id).order_by("pk").values_list("pk", flat=True)
        return chance.choice(list(some[: 30 if chance.random() < 0.5 else 100_000]))

    # ---- The board itself.

    def _save(
        self, chance: random.Random, actor: Actor, change: Callable[[FunnelPlan, Mapping], FunnelPlan]
    ) -> None:
        version = version_of(self._funnel_id)
        mapping = mapping_of(Funnel.objects.get(pk=self._funnel_id))
        plan = change(plan_of(mapping), mapping)
        save_funnel(funnel_id=self._funnel_id, plan=plan, version=version, actor=actor, move_cards=True)

    def _rename(self, chance: random.Random, actor: Actor) -> None:
        self._change_one(chance, actor, lambda stage: {"name": f"{stage.name[:20]} {chance.randrange(1000)}"})

    def _reorder(self, chance: random.Random, actor: Actor) -> None:
        def shuffled(plan: FunnelPlan, _mapping: Mapping) -> FunnelPlan:
            return replace(plan, stages=tuple(chance.sample(plan.stages, len(plan.stages))))

        self._save(chance, actor, shuffled)

    def _remap(self, chance: random.Random, actor: Actor) -> None:
        self._change_one(
            chance, actor, lambda _stage: {"status": chance.choice(["", *Status.values])}, spare_entries=True
        )

    def _move_entry(self, chance: random.Random, actor: Actor) -> None:
        def moved(plan: FunnelPlan, _mapping: Mapping) -> FunnelPlan:
            stage = chance.choice([row for row in plan.stages if row.status])
            return replace(plan, entries=plan.entries | {stage.status: stage.stage_id})

        self._save(chance, actor, moved)

    def _restrict(self, chance: random.Random, actor: Actor) -> None:
        def restricted(_stage: StagePlan) -> dict[str, Any]:
            return {
                "condition": chance.choice(["", "", *StageCondition.values]),
                "wip_limit": chance.choice([None, None, 20]),
                "wip_is_hard": chance.random() < 0.5,
                "requires_previous": chance.random() < 0.1,
                "kind": chance.choice(["open", "open", "won", "lost"]),
                "is_side": chance.random() < 0.3,
            }

        self._change_one(chance, actor, restricted, spare_entries=True)

    def _rule(self, chance: random.Random, actor: Actor) -> None:
        def ruled(plan: FunnelPlan, _mapping: Mapping) -> FunnelPlan:
            rules = dict(plan.rules)
            happening = chance.choice(list(Happening.values))
            rules.pop(happening, None)
            if chance.random() < 0.8:
                rules[happening] = chance.choice(plan.stages).stage_id
            return replace(plan, rules=rules)

        self._save(chance, actor, ruled)

    def _change_one(
        self,
        chance: random.Random,
        actor: Actor,
        change: Callable[[StagePlan], dict[str, Any]],
        *,
        spare_entries: bool = False,
    ) -> None:
        def changed(plan: FunnelPlan, mapping: Mapping) -> FunnelPlan:
            entries = set(plan.entries.values()) if spare_entries else set()
            chosen = chance.choice([row.stage_id for row in plan.stages if row.stage_id not in entries])
            stages = [replace(row, **change(row)) if row.stage_id == chosen else row for row in plan.stages]
            return replace(plan, stages=tuple(stages))

        self._save(chance, actor, changed)

    def _add(self, chance: random.Random, actor: Actor) -> None:
        if Stage.objects.filter(funnel_id=self._funnel_id).count() < MOST_STAGES:
            add_stage(
                funnel_id=self._funnel_id,
                name=f"Extra {chance.randrange(10**6)}",
                status=chance.choice(["", *Status.values]),
                version=version_of(self._funnel_id),
                actor=actor,
            )

    def _delete(self, chance: random.Random, actor: Actor) -> None:
        """A stage whose status keeps an entry: an entry hands its part on to the stage its cards go to."""
        stages = list(Stage.objects.filter(funnel_id=self._funnel_id))
        if len(stages) <= len(Status.values) + 2:
            return
        stage = chance.choice(stages)
        twins = [row for row in stages if row.pk != stage.pk and row.status == stage.status]
        if stage.is_entry and not twins:
            return
        to = chance.choice(twins).pk if stage.is_entry or (twins and chance.random() < 0.5) else None
        while not empty_stage(
            stage_id=stage.pk, actor=actor, to_stage_id=to, delete=True, limit=STEP
        ).is_deleted:
            pass


def plan_of(mapping: Mapping) -> FunnelPlan:
    """A mapping as it stands, as a plan to change."""
    names = [name for name in StagePlan.__dataclass_fields__ if name != "stage_id"]
    funnel = mapping.funnel
    return FunnelPlan(
        funnel.name,
        funnel.creates_deals,
        funnel.follows_orders,
        tuple(StagePlan(row.pk, **{name: getattr(row, name) for name in names}) for row in mapping.stages),
        {status: stage.pk for status, stage in mapping.entries.items()},
        dict(mapping.rules),
    )


MOVES: dict[str, tuple[int, Callable[..., None]]] = {
    "drag": (50, Shuffle._drag),
    "undo": (12, Shuffle._undo),
    "claim": (2, Shuffle._claim),
    "advance": (22, Shuffle._advance),
    "pay": (6, Shuffle._pay),
    "call": (4, Shuffle._call),
    "arrive": (3, Shuffle._arrive),
    "place": (1, Shuffle._place),
}
CHANGES: dict[str, Callable[..., None]] = {
    "rename": Shuffle._rename,
    "reorder": Shuffle._reorder,
    "remap": Shuffle._remap,
    "move entry": Shuffle._move_entry,
    "restrict": Shuffle._restrict,
    "rule": Shuffle._rule,
    "add": Shuffle._add,
    "delete": Shuffle._delete,
}


def histories() -> dict[str, int]:
    """How much was written down: changes of orders and moves of cards."""
    return {"order events": OrderEvent.objects.count(), "card moves": DealMove.objects.count()}
