"""A shop's look in e-mails: its name, logo, colours and footer, as plain values. It reads no database.

Contrast is WCAG 2.2's: (L1 + 0.05) / (L2 + 0.05) of the relative luminances, at least 4.5 for text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

INK, PAPER = "#16202e", "#ffffff"
DEFAULT_ACCENT = "#1d4ed8"
READABLE = 4.5
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Look:
    """What surrounds the words. `logo` is an absolute address or empty; `footer` is plain text, line by line."""

    name: str
    phone: str = ""
    domain: str = ""
    logo: str = ""
    accent: str = DEFAULT_ACCENT
    footer: str = ""

    def __post_init__(self) -> None:
        if not _COLOUR.fullmatch(self.accent):
            object.__setattr__(self, "accent", DEFAULT_ACCENT)

    @property
    def on_accent(self) -> str:
        """The colour of words on a button: white or ink, whichever reads better."""
        return max((PAPER, INK), key=lambda colour: contrast(colour, self.accent))

    @property
    def link(self) -> str:
        """The colour of links in the text: the shop's own where it can be read on white, else ink."""
        return self.accent if contrast(self.accent, PAPER) >= READABLE else INK

    @property
    def contacts(self) -> list[str]:
        """How the shop is reached, for the last line."""
        return [words for words in (self.name, self.phone, self.domain) if words]


def contrast(one: str, other: str) -> float:
    """The contrast of two colours such as #1d4ed8, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
