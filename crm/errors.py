"""Refusals of the board, each a sentence a shop manager understands."""

from __future__ import annotations

from shops.errors import DomainError


class MoveNotAllowed(DomainError):
    """The card cannot go there; it goes back to where it was and nothing was written."""


class StaleBoard(DomainError):
    """The card is not where the board showed it; the page shows where it is."""


class ChangedMeanwhile(DomainError):
    """A colleague changed the same thing after the person opened its form; nothing was written."""
