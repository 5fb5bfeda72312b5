"""Who did something: a person, an API key, a customer, a courier or the system itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from shops.models import User


class ActorKind(models.TextChoices):
    PERSON = "person", _("Person")
    KEY = "key", _("API key")
    SOURCE = "source", _("Sales channel")
    CUSTOMER = "customer", _("Customer")
    COURIER = "courier", _("Courier")
    SYSTEM = "system", _("System")


@dataclass(frozen=True)
class Actor:
    """The author of a change. `user_id` is set for people only; `shop_id` bounds keys and sources to one shop."""

    kind: str
    label: str
    user_id: int | None = None
    shop_id: int | None = None

    @property
    def is_person(self) -> bool:
        return self.kind == ActorKind.PERSON

    @classmethod
    def person(cls, user: User) -> Actor:
        return cls(ActorKind.PERSON, user.get_full_name() or user.get_username(), user_id=user.pk)

    @classmethod
    def source(cls, name: str, shop_id: int) -> Actor:
        return cls(ActorKind.SOURCE, name, shop_id=shop_id)

    @classmethod
    def key(cls, name: str, shop_id: int) -> Actor:
        return cls(ActorKind.KEY, name, shop_id=shop_id)

    @classmethod
    def system(cls, label: str = "system") -> Actor:
        return cls(ActorKind.SYSTEM, label)


class ActorFields(models.Model):
    """The three columns that record an `Actor` on an append-only row."""

    actor_kind = models.CharField(_("by (kind)"), max_length=10, choices=ActorKind.choices)
    actor_label = models.CharField(_("by"), max_length=150, blank=True)
    actor_user = models.ForeignKey(
        "shops.User",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("person"),
    )

    class Meta:
        abstract = True


def actor_columns(actor: Actor) -> dict[str, object]:
    """The values of `ActorFields` for one actor, to spread into a row."""
    return {"actor_kind": actor.kind, "actor_label": actor.label[:150], "actor_user_id": actor.user_id}
