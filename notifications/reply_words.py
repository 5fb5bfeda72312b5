"""The words by which customers ask not to be written to, and to be written to again, in our four languages.

Only a whole reply counts: "stop" in the middle of a sentence is no wish, and words that may as well mean the order
("cancel", "rezygnuję") are not among them. Knows texts only.
"""

from __future__ import annotations

import re

from notifications.statuses import ReplyWish
from shops.search_text import fold

_STOP = """
    stop|stopall|stop all|stop sms|sms stop|unsubscribe|unsub|opt out|optout
    dezabonare|dezabonati-ma|ma dezabonez|nu mai trimiteti|nu mai trimiteti sms
    wypisz|wypisz mnie|nie wysylaj|nie wysylajcie|prosze nie wysylac sms
    стоп|стоп смс|відписатися|відписка|відпишіть|відпишіть мене|не надсилайте|не пишіть|не пишіть мені
"""
_START = """
    start|unstop|subscribe
    abonare|pornire
    zapisz|zapisz mnie|wznow
    старт|підписатися|підпишіть мене
"""


def wish_of(text: str) -> str:
    """What a reply asks for as a whole: stop, start, or nothing; case, accents, quotes and full stops do not matter."""
    said = " ".join(re.sub(r"[^\w\s-]", " ", fold(text)).split())
    if said in _STOP_WORDS:
        return ReplyWish.STOP
    return ReplyWish.START if said in _START_WORDS else ""


def _folded(words: str) -> frozenset[str]:
    return frozenset(fold(word) for line in words.strip().splitlines() for word in line.split("|"))


_STOP_WORDS, _START_WORDS = _folded(_STOP), _folded(_START)
