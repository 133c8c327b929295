"""When a workspace's audit is due: 24 h after its last one, the first ones spread over the day."""

from background_sync.rules.policy import DAY_MS
from background_sync.rules.sharding import stable_hash


def audit_due(workspace_id: str, audited_at: int | None, run_at: int, interval_ms: int) -> bool:
    """Whether the sweep at `run_at` asks for the audit (times in ms, `interval_ms` between two sweeps).

    A workspace that was never audited waits for its own place in the day, so that the first day of a
    million workspaces is as even as all the others; from then on each keeps its place by itself.
    """
    if audited_at is not None:
        return run_at - audited_at >= DAY_MS
    return (run_at - stable_hash(workspace_id) % DAY_MS) % DAY_MS < interval_ms
