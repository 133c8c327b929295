"""Every metric that the code emits, by its name in the code, with its unit.

CloudWatch bills each metric by the month. So only those are emitted that the dashboard and the alarms of
template.yaml use; everything else that is counted is in the records and in the log.
"""

from collections.abc import Mapping
from types import MappingProxyType

COUNT = "Count"
MILLISECONDS = "Milliseconds"
PERCENT = "Percent"
PLAIN = "None"

METRICS: Mapping[str, str] = MappingProxyType(
    {
        # once a dispatch
        "workspaces_dispatched": COUNT,
        "workspaces_skipped": COUNT,
        # once a run
        "runs_completed": COUNT,
        "contacts_checked": COUNT,
        "stale_found": COUNT,
        "flagged": COUNT,
        "confirmed_quiet": COUNT,
        "unverified": COUNT,
        "verified": COUNT,
        "repaired": COUNT,
        "created": COUNT,
        "behind": COUNT,
        "missing": COUNT,
        "deferred": COUNT,
        "kapso_unauthorized": COUNT,
        "read_units": COUNT,
        "write_units": COUNT,
        # once an attempt that closes a run, as completed or failed
        "run_duration": MILLISECONDS,
        # once a run, when it first fails
        "runs_failed": COUNT,
        # once an audit, once a backfill
        "audit_fixed_missing": COUNT,
        "audit_fixed_outdated": COUNT,
        "backfill_repaired": COUNT,
        "backfill_created": COUNT,
        # once a webhook, if the stack has the intake
        "intake_events": COUNT,
        "intake_ignored": COUNT,
        "intake_refused": COUNT,
        # every five minutes, of the last finished sweep
        "sweep_age_intervals": PLAIN,
        "last_sweep_failed_share": PERCENT,
        "last_sweep_deferred_share": PERCENT,
        "last_sweep_drift": COUNT,
        "last_sweep_webhooks_off": COUNT,
        "last_sweep_reception_lost": COUNT,
    }
)
