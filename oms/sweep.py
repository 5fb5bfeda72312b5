"""The one table of what every worker looks for by itself, every few seconds, whether or not a broker is there."""

from __future__ import annotations

from functools import partial

from inventory.services.importing import run_imports
from notifications.sending import drain
from notifications.statuses import Channel
from shops.sweep import Job, Sweep, run_in_workers

# One job for each channel, so that a mail server that takes its time does not hold up SMS. This is also what picks
# up messages whose hold has passed.
JOBS = (
    *(Job(f"outbox-{channel}", partial(drain, channel)) for channel in Channel.values),
    Job("stock-imports", run_imports),
)

sweep = Sweep(JOBS)
run_in_workers(sweep)
