"""What people keep beside the cards: tags, reminders, saved views of a list, and moves of many cards at once."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Self

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.models.deals import Deal
from crm.models.funnels import Funnel, Stage
from shops.actors import ActorFields
from shops.scoping import ShopScopedQuerySet
from shops.selectors import shop_ids_of

if TYPE_CHECKING:
    from shops.models import User


class Tag(models.Model):
    """A word a shop marks deals and customers with."""

    shop = models.ForeignKey("shops.Shop", on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    name = models.CharField(_("name"), max_length=40)
    colour = models.CharField(
        _("colour"),
        max_length=7,
        default="#64748B",
        validators=[RegexValidator(r"^#[0-9A-Fa-f]{6}$", _("Write a colour like #2563EB."))],
    )

    objects: models.Manager[Tag] = ShopScopedQuerySet["Tag"].as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["shop", "name"], name="tag_once_per_shop")]

    def __str__(self) -> str:
        return self.name


class CustomerTag(models.Model):
    """A tag a customer wears; it shows on all their deals."""

    customer = models.ForeignKey(
        "orders.Customer", on_delete=models.CASCADE, related_name="+", verbose_name=_("customer")
    )
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="customers", verbose_name=_("tag"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "tag"], name="tag_once_per_customer")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.tag}"


class ReminderQuerySet(ShopScopedQuerySet["Reminder"]):
    shop_path = "deal__funnel__shop_id"

    def visible_to(self, user: User | Any) -> Self:
        """Reminders on deals the person may see."""
        # Asked of each row: as a list of keys SQLite would read every deal the person sees.
        return self.filter(Exists(Deal.objects.visible_to(user).filter(pk=OuterRef("deal_id"))))

    def open(self) -> Self:
        """Those nobody has ticked off."""
        return self.filter(done_at=None)


class Reminder(ActorFields):
    """A note that comes up on a deal at a moment, for one person. Green before `due_at`, yellow for a grace after, then red."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="reminders", verbose_name=_("deal"))
    person = models.ForeignKey(
        "shops.User", on_delete=models.CASCADE, related_name="+", verbose_name=_("for whom")
    )
    due_at = models.DateTimeField(_("when"))
    note = models.CharField(_("note"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("set at"), auto_now_add=True)
    done_at = models.DateTimeField(_("done at"), null=True, blank=True, editable=False)
    told_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: models.Manager[Reminder] = ReminderQuerySet.as_manager()

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering = ["due_at", "pk"]
        indexes = [
            models.Index(
                fields=["person", "due_at"], condition=Q(done_at=None), name="open_reminders_of_person"
            ),
            models.Index(fields=["deal", "due_at"], condition=Q(done_at=None), name="open_reminders_of_deal"),
            models.Index(
                fields=["due_at"], condition=Q(done_at=None, told_at=None), name="reminders_to_tell"
            ),
            models.Index(fields=["due_at", "id"], condition=Q(done_at=None), name="open_reminders_by_moment"),
        ]

    def __str__(self) -> str:
        return f"{self.deal}: {self.note}"


class ListPage(models.TextChoices):
    BOARD = "board", _("Board")
    ORDERS = "orders", _("Orders")
    CUSTOMERS = "customers", _("Customers")


class SavedViewQuerySet(ShopScopedQuerySet["SavedView"]):
    def visible_to(self, user: User | Any) -> Self:
        """The person's own views, and those shared in their shops."""
        if user is None or not getattr(user, "is_authenticated", False) or not user.is_active:
            return self.none()
        return self.filter(Q(owner=user) | Q(is_shared=True), shop_id__in=shop_ids_of(user))


class SavedView(models.Model):
    """Filters of a page under a name. `query` is the query string of the page's address, without the question mark."""

    shop = models.ForeignKey("shops.Shop", on_delete=models.CASCADE, related_name="+", verbose_name=_("shop"))
    page = models.CharField(_("page"), max_length=10, choices=ListPage.choices)
    funnel = models.ForeignKey(
        Funnel, on_delete=models.CASCADE, related_name="+", null=True, blank=True, verbose_name=_("funnel")
    )
    owner = models.ForeignKey(
        "shops.User", on_delete=models.CASCADE, related_name="+", verbose_name=_("whose")
    )
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("filters"), max_length=1000, blank=True)
    is_shared = models.BooleanField(_("everybody in the shop sees it"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: models.Manager[SavedView] = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "shop", "page", "name"], name="view_name_once_per_person"
            )
        ]

    def __str__(self) -> str:
        return self.name


class DefaultView(models.Model):
    """The view a person's page opens with; one per person, shop and page."""

    user = models.ForeignKey("shops.User", on_delete=models.CASCADE, related_name="+")
    shop = models.ForeignKey("shops.Shop", on_delete=models.CASCADE, related_name="+")
    page = models.CharField(max_length=10, choices=ListPage.choices)
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "shop", "page"], name="one_default_view")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.view}"


class BulkMoveQuerySet(ShopScopedQuerySet["BulkMove"]):
    shop_path = "funnel__shop_id"


class BulkMove(ActorFields):
    """Many cards moved to one stage by one person, one transaction per order, in steps that can be followed.

    All its moves can be undone until `undo_until`. `arguments` holds what the move needs beside each card's own
    parcel (a reason, a carrier).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    funnel = models.ForeignKey(Funnel, on_delete=models.CASCADE, related_name="+", verbose_name=_("funnel"))
    to_stage = models.ForeignKey(
        Stage, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("to")
    )
    arguments = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(_("started"), default=timezone.now)
    undo_until = models.DateTimeField(null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True, editable=False)

    objects: models.Manager[BulkMove] = BulkMoveQuerySet.as_manager()

    class Meta:
        verbose_name = _("move of many cards")
        verbose_name_plural = _("moves of many cards")

    def __str__(self) -> str:
        return str(self.pk)


class BulkState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("bulk move", "Waiting")
    MOVED = "moved", pgettext_lazy("bulk move", "Moved")
    REFUSED = "refused", pgettext_lazy("bulk move", "Not moved")
    UNDONE = "undone", pgettext_lazy("bulk move", "Moved back")


class BulkMoveCard(models.Model):
    """One card of a move of many: where it was seen, what became of it, and why not."""

    bulk = models.ForeignKey(BulkMove, on_delete=models.CASCADE, related_name="cards")
    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="+")
    seen_stage = models.ForeignKey(Stage, on_delete=models.SET_NULL, null=True, related_name="+")
    position = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=BulkState.choices, default=BulkState.WAITING)
    move_id = models.UUIDField(null=True, blank=True, editable=False)
    sentence = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["bulk", "deal"], name="card_once_per_bulk_move")]

    def __str__(self) -> str:
        return f"{self.bulk_id}: {self.deal_id}"
