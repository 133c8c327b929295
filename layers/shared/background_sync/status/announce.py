"""Announces the sweeps that have finished, by the clock: no run knows that it is the last one."""

from itertools import islice

from background_sync.clock import Clock
from background_sync.notices import Notices
from background_sync.records.database import Database
from background_sync.records.sweeps import latest_sweeps, remember_notice
from background_sync.rules.notices import sweep_notice
from background_sync.rules.times import latest_own
from background_sync.status.history import SweepHistory

LOOK_BACK = 48
"""How many sweeps are looked at: one that finishes later is not announced."""


def announce_sweeps(database: Database, clock: Clock, notices: Notices) -> None:
    """Send the notices of finished sweeps, the oldest first, and mark each sweep after its notice was sent.

    So each is sent at least once. A bus that is new does not get the past: the first is the newest finished
    sweep. Raises as `Notices.send` does; what is not sent is sent the next time.
    """
    if not notices.wanted:
        return
    history, newest = SweepHistory(database), latest_sweeps(LOOK_BACK, latest_own(clock.now()))
    first = min((sweep.run_at for sweep in newest if sweep.noticed_at), default=0)
    unsent = (sweep for sweep in newest if not sweep.noticed_at and sweep.run_at > first)
    documents = ((sweep, history.one(sweep)) for sweep in unsent)
    finished = (each for each in documents if each[1]["finished"])
    for sweep, document in reversed(list(islice(finished, None if first else 1))):
        notices.send(sweep_notice(document))
        remember_notice(sweep, clock.now())
