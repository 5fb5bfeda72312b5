"""The stories the demo tells, how many of each per shop, and the plan of a shop's orders drawn from them.

A plan is pure: from the same seed come the same people, goods and numbers. Only the moments hang on the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from oms.demo import acts
from oms.demo.acts import Scene
from oms.demo.country import Country, Delivery, Good, Person, draw_delivery, draw_person
from orders.statuses import PaymentMethod
from shops.working_hours import Calendar

COD, CARD, TRANSFER, ANY = PaymentMethod.COD, PaymentMethod.CARD, PaymentMethod.TRANSFER, ""
LAST_MARGIN = timedelta(minutes=2)
DAY = 24.0
SCARCE = 100
EXTRAS_SHARE = 0.15


@dataclass(frozen=True)
class Step:
    """One act, `hours` (from, to) after the one before; people act in working hours where that is possible."""

    act: Callable[[Scene], None]
    hours: tuple[float, float] = (0.5, 3)
    in_office: bool = True


@dataclass(frozen=True)
class Story:
    """What happens to an order after it is placed. `age` is how many hours ago the last thing happened."""

    name: str
    count: int
    age: tuple[float, float]
    steps: tuple[Step, ...] = ()
    payment: str = ANY
    is_short: bool = False
    is_unpaid: bool = False
    repeats_customer: bool = False


CONFIRM, PICK = Step(acts.confirm), Step(acts.pick, (1, 5))
PACK, LABEL = Step(acts.pack, (0.3, 3)), Step(acts.label, (0.1, 0.5))
SHIP = Step(acts.ship, (1, 8))
ARRIVE = Step(acts.deliver, (18, 70), in_office=False)
PAID, PAID_OUT = Step(acts.get_paid, (30, 120)), Step(acts.pay_out, (0.1, 0.4))
TO_PACKED = (CONFIRM, PICK, LABEL, PACK)
TO_DELIVERED = (*TO_PACKED, SHIP, ARRIVE)
STRAIGHT_TO_DELIVERED = (CONFIRM, PICK, SHIP, ARRIVE)
CALL = Step(acts.call_in_vain, (0.5, 5))

STORIES = (
    Story("new", 5, (0.1, 3), payment=COD),
    Story("new, late", 2, (5, 26), payment=COD),
    Story("new, short of stock", 2, (0.5, 9), payment=COD, is_short=True),
    Story("new, of a customer with another open order", 2, (0.2, 8), payment=COD, repeats_customer=True),
    Story("new, claimed", 2, (0.1, 2), (Step(acts.claim, (0.1, 1)), Step(acts.comment, (0.05, 0.2))), COD),
    Story("new, after an undone move", 1, (0.2, 1), (Step(acts.confirm_and_undo, (0.1, 0.4)),), COD),
    Story("no answer", 3, (2, 30), (CALL,), COD),
    Story("awaiting payment", 2, (5, 50), payment=TRANSFER),
    Story("payment failed", 1, (3, 20), (Step(acts.fail_to_pay, (0.05, 0.2), False),), CARD, is_unpaid=True),
    Story("reopened", 1, (1, 5), (Step(acts.cancel, (2, 20)), Step(acts.reopen, (3, 20))), COD),
    Story("confirmed", 4, (0.2, 6), (CONFIRM,), COD),
    Story("confirmed, paid", 2, (0.5, 8), (Step(acts.confirm_by_itself, (0.01, 0.1), False),), CARD),
    Story("confirmed, part to follow", 1, (1, 9), (Step(acts.agree_to_partial), CONFIRM), COD, is_short=True),
    Story("confirmed, labelled", 1, (0.5, 4), (CONFIRM, LABEL), COD),
    Story("picking", 4, (0.2, 6), (CONFIRM, Step(acts.note, (0.1, 0.5)), PICK)),
    Story("packed", 3, (0.3, 10), TO_PACKED),
    Story("packed without label", 3, (0.3, 14), (CONFIRM, PICK, PACK)),
    Story("shipped", 9, (1, 40), (*TO_PACKED, SHIP)),
    Story("at the point", 3, (6, 60), (*TO_PACKED, SHIP, Step(acts.wait_at_point, (16, 40), False)), COD),
    Story("delivered, courier owes", 9, (6, 6 * DAY), TO_DELIVERED, COD),
    Story("delivered, paid before", 4, (6, 9 * DAY), STRAIGHT_TO_DELIVERED, CARD),
    Story("paid out", 17, (2 * DAY, 78 * DAY), (*STRAIGHT_TO_DELIVERED, PAID, PAID_OUT), COD),
    Story(
        "paid out, paid before",
        5,
        (3 * DAY, 80 * DAY),
        (*STRAIGHT_TO_DELIVERED, Step(acts.pay_out, (5, 30))),
        CARD,
    ),
    Story(
        "refused", 3, (1 * DAY, 60 * DAY), (CONFIRM, PICK, SHIP, Step(acts.come_back, (40, 120), False)), COD
    ),
    Story(
        "refused and put back",
        3,
        (4 * DAY, 75 * DAY),
        (CONFIRM, PICK, SHIP, Step(acts.come_back, (40, 120), False), Step(acts.inspect, (40, 100))),
        COD,
    ),
    Story(
        "sent back", 1, (1 * DAY, 20 * DAY), (*STRAIGHT_TO_DELIVERED, Step(acts.send_back, (40, 200))), CARD
    ),
    Story("cancelled", 4, (5, 60 * DAY), (Step(acts.comment), Step(acts.cancel, (2, 30))), COD),
    Story("cancelled after confirming", 1, (1 * DAY, 40 * DAY), (CONFIRM, Step(acts.cancel, (2, 20))), COD),
    Story("cancelled, never paid", 1, (1 * DAY, 30 * DAY), (Step(acts.cancel_unpaid, (90, 180)),), TRANSFER),
)


@dataclass(frozen=True)
class Line:
    """So many of a good, in a variant."""

    good: Good
    variant: str
    quantity: int

    @property
    def total(self) -> Decimal:
        return Decimal(self.good.price) * self.quantity


@dataclass(frozen=True)
class Plan:
    """One order of the demo before it exists. `hours_ago` is when it came in; `gaps` lie between its steps."""

    story: Story
    person: Person
    lines: tuple[Line, ...]
    delivery: Delivery
    point: str
    payment: str
    customer_note: str
    from_source: bool
    gaps: tuple[float, ...]
    hours_ago: float
    seed: int

    @property
    def is_paid(self) -> bool:
        return self.payment == CARD and not self.story.is_unpaid

    def moments(self, now: datetime, calendar: Calendar) -> list[datetime]:
        """When the order was placed and when each step happened, in order and before now."""
        moments = [now - timedelta(hours=self.hours_ago)]
        latest = now - LAST_MARGIN
        for index, (step, gap) in enumerate(zip(self.story.steps, self.gaps, strict=True)):
            left = len(self.story.steps) - index
            at = moments[-1] + timedelta(hours=gap)
            opened = calendar.after_open(at, timedelta(minutes=1 + self.seed % 40)) if step.in_office else at
            at = opened if opened <= latest else at
            if at > latest:
                at = moments[-1] + (latest - moments[-1]) / left
            moments.append(at)
        return moments


def plan_shop(country: Country, *, scale: int = 1) -> list[Plan]:
    """The orders of one shop, oldest first: the same list every time. Counts are divided by `scale`, at least one each."""
    random = Random(f"demo:{country.code}")
    plans: list[Plan] = []
    for story in STORIES:
        for _turn in range(max(1, story.count // scale)):
            plans.append(_plan(country, story, plans, random))
    return sorted(plans, key=lambda plan: -plan.hours_ago)


def _plan(country: Country, story: Story, known: list[Plan], random: Random) -> Plan:
    person = draw_person(country, random)
    if story.repeats_customer:
        person = random.choice([plan.person for plan in known if plan.story.name.startswith("new")])
    elif known and random.random() < 0.1:
        person = random.choice(known).person
    delivery, point, town = draw_delivery(country, random)
    if town is not None:
        person = replace(person, town=town)
    gaps = tuple(random.uniform(*step.hours) for step in story.steps)
    payment = story.payment or (COD if random.random() < 0.72 else CARD)
    return Plan(
        story=story,
        person=person,
        lines=_draw_lines(country, story, random),
        delivery=delivery,
        point=point,
        payment=payment,
        customer_note=random.choice(country.customer_notes) if random.random() < 0.15 else "",
        from_source=random.random() < 0.85,
        gaps=gaps,
        hours_ago=sum(gaps) + random.uniform(*story.age),
        seed=random.randrange(1_000_000),
    )


def _draw_lines(country: Country, story: Story, random: Random) -> tuple[Line, ...]:
    plenty = [good for good in country.goods if good.stock is not None and good.stock > SCARCE]
    scarce = [good for good in country.goods if good.stock is not None and good.stock <= SCARCE]
    extras = [good for good in country.goods if good.stock is None]
    picked = random.sample(plenty, random.choice((1, 1, 1, 2, 2, 3)))
    lines = [Line(good, random.choice(good.variants), random.choice((1, 1, 1, 2, 3))) for good in picked]
    if random.random() < EXTRAS_SHARE:
        lines.append(Line(random.choice(extras), "", 1))
    if story.is_short:
        good = random.choice(scarce)
        lines.insert(0, Line(good, random.choice(good.variants), (good.stock or 0) + random.randrange(1, 4)))
    return tuple(lines)
