"""What can be wrong with a template or a message, in words an admin understands."""

from __future__ import annotations

from shops.errors import DomainError


class MessageError(DomainError):
    """A change of messages was refused; nothing was written."""


class TemplateError(Exception):
    """A template that cannot be used; `sentences` name what and, where known, on which line."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


class TemplateMissing(Exception):
    """No template exists for this event and channel in any language that would do."""
