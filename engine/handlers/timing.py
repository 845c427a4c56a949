"""Timers, jobs and signals that plugins ask for."""

from typing import Any

from engine import schemas, times
from engine.actions import Refused, handles
from engine.transaction import Transaction

Data = dict[str, Any]


@handles("timer.set", schemas.TimerSet)
def set_timer(data: Data, tx: Transaction) -> None:
    """Set or move a timer of the plugin that asks."""
    try:
        due = times.format(times.parse(data["due"]))
    except ValueError as error:
        raise Refused(f"due: {error}") from error
    tx.timer(data["name"], due, data["data"])


@handles("timer.cancel", schemas.TimerCancel)
def cancel_timer(data: Data, tx: Transaction) -> None:
    """Take back a timer of the plugin that asks."""
    tx.cancel(data["name"])


@handles("job.run", schemas.JobRun)
def run_job(data: Data, tx: Transaction) -> Data:
    """Have a worker run a job of the plugin that asks."""
    if data["name"].partition(".")[0] not in (tx.asking[0], "media"):
        raise Refused(f"{tx.asking[0]} has no job {data['name']}")
    return {"job": tx.job(data["name"], data["args"], queue=data["queue"], deadline=data["deadline"])}


@handles("signal.send", schemas.SignalSend)
def send_signal(data: Data, tx: Transaction) -> None:
    """Tell the browsers what matters only now."""
    tx.signal(data["type"], data["data"])
