"""Refusals of the order services, each a sentence with a code."""

from __future__ import annotations

from shops.errors import DomainError


class OrderError(DomainError):
    """An order service was refused; nothing was written."""


class TransitionRefused(OrderError):
    """The guard of a transition said no."""


class AlreadyDone(TransitionRefused):
    """Somebody else made this very change first; the sentence says who and when."""


class TooLateToUndo(OrderError):
    """A move can no longer be undone: its time is up, a later change stands on it, or a message has left."""


class NeedsInput(OrderError):
    """The change needs data that was not given; `form` names the short form that asks for it."""

    def __init__(self, sentence: str, *, form: str, field: str = "") -> None:
        super().__init__(sentence, code="needs_input", field=field)
        self.form = form
