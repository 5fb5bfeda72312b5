"""A fair queue of one process: whoever came first goes first."""

from __future__ import annotations

import threading
from collections import deque


class Turns:
    """One turn at a time, in the order of arrival. A turn that nobody gives back only makes others wait longer."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._is_taken = False

    def take(self, timeout: float) -> bool:
        """Wait for a turn for up to `timeout` seconds; answers whether it came."""
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return True
            mine = threading.Event()
            self._waiting.append(mine)
        if mine.wait(timeout):
            return True
        with self._guard:
            if mine not in self._waiting:  # it was handed over just now
                return True
            self._waiting.remove(mine)
            return False

    def give(self) -> None:
        """Hand the turn to who has waited longest."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_taken = False
