"""One verb on many rows of a list: each in a transaction of its own, so that one refusal stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from crm.models import Deal
from crm.services.tagging import tag_customer, tag_deal
from orders import services as orders
from shops.actors import Actor
from shops.errors import DomainError

MOST_AT_ONCE = 500


@dataclass(frozen=True)
class ListedOutcome:
    """How many rows the verb changed, how many had it already, and why it refused the others, by name."""

    done: int
    already: int
    refused: tuple[tuple[str, str], ...]


def claim_listed_orders(*, named: Sequence[tuple[int, str]], actor: Actor) -> ListedOutcome:
    """Take each of these orders (key and number)."""
    return _each(named, lambda order_id: orders.claim_order(order_id=order_id, actor=actor))


def tag_listed_orders(*, named: Sequence[tuple[int, str]], actor: Actor, name: str) -> ListedOutcome:
    """Put a tag on the card of each of these orders (key and number); an order without a card is refused."""
    keys = [order_id for order_id, _number in named]
    cards = dict(Deal.objects.filter(order__in=keys).values_list("order_id", "pk"))

    def tag(order_id: int) -> bool:
        if order_id not in cards:
            raise DomainError(_("It has no card to tag."), code="no_card")
        _tag, is_new = tag_deal(deal_id=cards[order_id], actor=actor, name=name)
        return is_new

    return _each(named, tag)


def tag_listed_customers(*, named: Sequence[tuple[int, str]], actor: Actor, name: str) -> ListedOutcome:
    """Put a tag on each of these customers (key and name)."""

    def tag(customer_id: int) -> bool:
        _tag, is_new = tag_customer(customer_id=customer_id, actor=actor, name=name)
        return is_new

    return _each(named, tag)


def give_listed_customers(
    *, named: Sequence[tuple[int, str]], actor: Actor, user_id: int | None
) -> ListedOutcome:
    """Say who looks after each of these customers (key and name); None means nobody."""
    return _each(
        named,
        lambda customer_id: orders.set_personal_manager(
            customer_id=customer_id, user_id=user_id, actor=actor
        ),
    )


def _each(named: Iterable[tuple[int, str]], verb: Callable[[int], bool]) -> ListedOutcome:
    done, already, refused = 0, 0, []
    for key, name in list(named)[:MOST_AT_ONCE]:
        try:
            if verb(key):
                done += 1
            else:
                already += 1
        except DomainError as error:
            refused.append((name, str(error.sentence)))
    return ListedOutcome(done, already, tuple(refused))
