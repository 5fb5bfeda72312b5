"""The order's workflow: every status change there is, as source and target and no more.

Rules are in `guards`, effects in `services`; nothing here reads the database.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import GET_STATE, FSMField, transition

from orders.statuses import Status

OPEN = [Status.NEW, Status.CONFIRMED, Status.PROCESSING]


class OrderWorkflow(models.Model):
    """The status column and its transitions."""

    status = FSMField(_("status"), choices=Status.choices, default=Status.NEW, protected=True, max_length=12)

    class Meta:
        abstract = True

    @transition(field=status, source=Status.NEW, target=Status.CONFIRMED)
    def confirm(self) -> None: ...

    @transition(field=status, source=Status.CONFIRMED, target=Status.PROCESSING)
    def start_processing(self) -> None: ...

    @transition(field=status, source=Status.PROCESSING, target=Status.SHIPPED)
    def ship(self) -> None: ...

    @transition(field=status, source=Status.SHIPPED, target=Status.DELIVERED)
    def deliver(self) -> None: ...

    @transition(field=status, source=OPEN, target=Status.CANCELLED)
    def cancel(self) -> None: ...

    @transition(field=status, source=[Status.SHIPPED, Status.DELIVERED], target=Status.RETURNED)
    def return_(self) -> None: ...

    @transition(field=status, source=Status.CANCELLED, target=Status.NEW)
    def reopen(self) -> None: ...

    @transition(field=status, source="*", target=GET_STATE(lambda self, to: to, states=list(Status)))
    def revert(self, to: str) -> None:
        """Back to the recorded status before; only `services.revert_move` calls it."""
