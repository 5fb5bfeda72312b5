"""What can be wrong with something that came in."""

from __future__ import annotations

from collections.abc import Sequence

from shops.errors import DomainError


class PayloadError(DomainError):
    """The payload cannot be read as an order; `problems` names each field and what is wrong with it."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(
            " ".join(problems), code="payload", field=problems[0].split(":")[0] if problems else ""
        )
        self.problems = tuple(problems)


class DeliveryRejected(DomainError):
    """The signature is wrong or missing, or nobody is connected here: nothing was stored but a count."""


class DeliveryNotRetryable(DomainError):
    """This delivery was already read; there is nothing to try again."""
