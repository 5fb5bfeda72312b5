"""Django's SQLite backend; a thread that begins a write transaction first waits for its turn in this process.

SQLite itself lets waiting connections ask again and again, and whoever asks at the right moment wins: with many
threads some starve until their time is over. Between processes that is still so; the lock is SQLite's own.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.backends.sqlite3 import base

from oms.sqlite3.turns import Turns

_turns_of: defaultdict[str, Turns] = defaultdict(Turns)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that queues before BEGIN IMMEDIATE, for as long as it would wait for SQLite's lock."""

    transaction_mode: str | None
    _turns: Turns | None = None

    def _start_transaction_under_autocommit(self) -> None:
        if self.transaction_mode == "IMMEDIATE" and self._turns is None:
            turns = _turns_of[str(self.settings_dict["NAME"])]
            # Without a turn it is SQLite's lock that decides, as between processes.
            if turns.take(self.settings_dict["OPTIONS"].get("timeout", 5)):
                self._turns = turns
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._give_turn()
            raise

    def _commit(self) -> Any:
        try:
            return super()._commit()  # type: ignore[misc]
        finally:
            self._give_turn()

    def _rollback(self) -> Any:
        try:
            return super()._rollback()  # type: ignore[misc]
        finally:
            self._give_turn()

    def _close(self) -> Any:
        try:
            return super()._close()  # type: ignore[misc]
        finally:
            self._give_turn()

    def _give_turn(self) -> None:
        turns, self._turns = self._turns, None
        if turns is not None:
            turns.give()
