"""The outbox in /metrics: what waits, what is late, what did not leave. Read from the database when asked."""

from __future__ import annotations

from collections.abc import Iterator

import structlog
from django.db import DatabaseError
from prometheus_client.core import REGISTRY, GaugeMetricFamily
from prometheus_client.registry import Collector

from notifications.selectors import outbox_figures

log = structlog.get_logger(__name__)


class OutboxCollector(Collector):
    """Four gauges by lane, from partial indexes; a database that is away makes them absent, not wrong."""

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing: registering must not read the database."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The figures of this moment."""
        try:
            figures = outbox_figures()
        except DatabaseError as error:
            log.warning("the outbox cannot be counted", error=str(error)[:200])
            return
        queued = GaugeMetricFamily(
            "oms_outbox_queued", "Messages that wait, held ones included", labels=["lane"]
        )
        due = GaugeMetricFamily("oms_outbox_due", "Messages that could leave now", labels=["lane"])
        late = GaugeMetricFamily(
            "oms_outbox_oldest_due_seconds", "How long the oldest due message waits", labels=["lane"]
        )
        trouble = GaugeMetricFamily(
            "oms_outbox_not_sent",
            "Messages of the last day that failed or are unknown",
            labels=["lane", "state"],
        )
        for gauge, values in (
            (queued, figures.queued),
            (due, figures.due),
            (late, figures.oldest_due_seconds),
        ):
            for lane, value in values.items():
                gauge.add_metric([lane], value)
        for (lane, state), count in figures.in_trouble.items():
            trouble.add_metric([lane, state], count)
        yield from (queued, due, late, trouble)


def register() -> None:
    """Add the collector to the process's registry, once."""
    if not any(isinstance(known, OutboxCollector) for known in list(REGISTRY._collector_to_names)):
        REGISTRY.register(OutboxCollector())
