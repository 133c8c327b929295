"""`background-sync webhooks`: the webhooks of each workspace's number, as Kapso has them now."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import chain, repeat
from typing import Any

from rich.table import Table

from background_sync.kapso.webhooks import Webhook
from background_sync.records.workspaces import all_workspaces
from background_sync.rules.values import InvalidRecord, read_time
from background_sync.rules.workspace import read_workspace, skip_reason
from background_sync_ops.cli.errors import NOT_DONE, NOT_WELL, WELL
from background_sync_ops.cli.output import clean, console, grid, print_json, progress, state
from background_sync_ops.cli.times import iso
from background_sync_ops.cli.where import Where, active_workspace
from background_sync_ops.target import Target
from background_sync_ops.webhooks import (
    ACTIVE,
    NONE,
    OFF,
    KapsoUnreachable,
    WebhookClient,
    masked,
    state_of,
    webhook_client,
)

THREADS = 8
UNKNOWN = "unknown"
LABELS = {ACTIVE: "active", OFF: "with a webhook off", NONE: "without a webhook", UNKNOWN: "unknown"}
Record = Mapping[str, object]
Document = dict[str, Any]


@dataclass(frozen=True)
class Look:
    """What Kapso told of one workspace's webhooks; `error` says why it told nothing.

    `remembered` is the state that the last run which saw one left on the workspace, and since when (ms).
    """

    workspace_id: str
    remembered: str | None
    remembered_since: int | None
    webhooks: Sequence[Webhook] = ()
    error: str | None = None

    @property
    def state(self) -> str:
        """active, off, none or unknown."""
        return UNKNOWN if self.error is not None else state_of(self.webhooks)

    def document(self) -> Document:
        """For --json."""
        return {
            "workspace_id": self.workspace_id,
            "state": self.state,
            "remembered": {"webhook": self.remembered, "webhook_since": self.remembered_since},
            "webhooks": [webhook_document(each) for each in self.webhooks],
            "error": self.error,
        }


def webhook_document(webhook: Webhook) -> Document:
    """A webhook; what may be secret in its URL is masked."""
    return {**asdict(webhook), "url": masked(webhook.url), "events": list(webhook.events)}


def webhooks(where: Where, workspace_id: str | None, *, as_json: bool) -> int:
    """The exit status: whether every number has webhooks, and none that is off."""
    target = where.target()
    looks = _look_at_all(target, _chosen(target, workspace_id))
    if as_json:
        print_json({"workspaces": [look.document() for look in looks]})
    else:
        _print(looks)
    for look in looks:
        if look.error is not None:
            line = f"error: {clean(look.workspace_id)}: {clean(look.error)}"
            console(stderr=True).print(line, soft_wrap=True)
    return _status({look.state for look in looks})


def _chosen(target: Target, workspace_id: str | None) -> list[Record]:
    """The workspace that is named, else all active ones."""
    database = target.connect()
    if workspace_id is None:
        return [each for each in all_workspaces(database) if skip_reason(each) is None]
    return [active_workspace(target, database, workspace_id)]


def _look_at_all(target: Target, records: Sequence[Record]) -> list[Look]:
    asker, looks = webhook_client(target), []
    with progress() as bar, ThreadPoolExecutor(THREADS) as pool:
        task = bar.add_task("asking Kapso", total=len(records))
        for look in pool.map(lambda record: look_at(asker, record), records):
            looks.append(look)
            bar.advance(task)
    return sorted(looks, key=lambda look: look.workspace_id)


def look_at(asker: WebhookClient, record: Record) -> Look:
    """What Kapso tells of an active workspace."""
    workspace = read_workspace(record)
    memory = workspace.workspace_id, workspace.webhook, _time(record, "webhook_since")
    try:
        return Look(*memory, webhooks=asker.webhooks(workspace))
    except KapsoUnreachable as reason:
        return Look(*memory, error=str(reason))


def _time(record: Record, name: str) -> int | None:
    try:
        return read_time(record, name)
    except InvalidRecord:
        return None


def _status(states: set[str]) -> int:
    if states - {ACTIVE, UNKNOWN}:
        return NOT_WELL
    return NOT_DONE if UNKNOWN in states else WELL


def _print(looks: Sequence[Look]) -> None:
    out = console()
    if not looks:
        out.print("No workspace is active: there is no number to ask about.")
        return
    out.print(_table(looks), "")
    out.print(_sentence(looks))


def _table(looks: Iterable[Look]) -> Table:
    table = grid(("Workspace", "State", "Webhook"), fold=("Workspace", "Webhook"))
    for look in looks:
        names = chain([clean(look.workspace_id)], repeat(""))
        for name, (judge, what) in zip(names, _rows(look), strict=False):
            table.add_row(name, state(judge), what)
    return table


def _rows(look: Look) -> Iterator[tuple[str, str]]:
    for webhook in look.webhooks:
        yield ACTIVE if webhook.active else OFF, "\n".join(webhook_lines(webhook))
    if not look.webhooks:
        yield look.state, "-"
    if look.remembered is not None:
        yield "", f"a run saw: {clean(look.remembered)}, since {iso(look.remembered_since)}"


def webhook_lines(webhook: Webhook) -> Iterator[str]:
    """Its id, where it goes, and what it sends."""
    yield clean(webhook.id)
    yield clean(masked(webhook.url) or "no URL")
    yield clean(f"{webhook.kind or 'unknown kind'}: {', '.join(webhook.events) or 'no events'}")


def _sentence(looks: Sequence[Look]) -> str:
    states = Counter(look.state for look in looks)
    told = ", ".join(f"{states[name]} {label}" for name, label in LABELS.items() if states[name])
    numbers = "1 number" if len(looks) == 1 else f"{len(looks)} numbers"
    resume = " Switch one on with --resume WORKSPACE." if states[OFF] else ""
    return f"{numbers}: {told}.{resume}"
