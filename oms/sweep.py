"""The one table of what every worker looks for by itself, every few seconds, whether or not a broker is there."""

from __future__ import annotations

from functools import partial

from crm.services import tell_due_reminders
from inventory.services.importing import run_imports
from notifications.looking_up import look_up_unknown
from notifications.selectors import own_lanes_due
from notifications.sending import drain
from notifications.statuses import Lane
from shops.sweep import Family, Job, Sweep, run_in_workers

# One job for each lane every installation has, and a family for the shops' own SMS accounts, so that a provider that
# takes its time does not hold up another. This is also what picks up messages whose hold has passed.
JOBS: tuple[Job | Family, ...] = (
    *(Job(f"outbox-{lane}", partial(drain, lane)) for lane in Lane.values),
    Family("outbox", own_lanes_due, drain),
    Job("unknown-sms", look_up_unknown, period=30.0),
    Job("stock-imports", run_imports),
    Job("reminders", tell_due_reminders, period=5.0),
)

sweep = Sweep(JOBS)
run_in_workers(sweep)
