"""Errors every app may raise, each with a sentence a shop manager understands."""

from __future__ import annotations


class DomainError(Exception):
    """A refusal with a stable `code` and a translated `sentence`; the page shows the sentence as it is."""

    def __init__(self, sentence: str, *, code: str = "refused", field: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.field = field

    def __str__(self) -> str:
        return self.sentence


class NotPermitted(DomainError):
    """The actor's role in this shop does not include the action; nothing was written."""


class NotInTransaction(RuntimeError):
    """A lock or an event was asked for outside a transaction: a mistake in the code, never in the input."""
