"""The built-in demo data: five workspaces of made-up people, with times relative to a given time.

    demo-harbor-coffee     busy: most people wrote within the hour
    demo-alpine-outdoor    own settings: stale after 6 h, cooldown 48 h, 10 flags per run
    demo-sunrise-travel    neglected: more stale contacts than one run may flag
    demo-lakeside-yoga     verifies against Kapso (see `demo_kapso`), which switched its webhook off
    demo-old-mill-books    has no token, so sweeps skip it

It is written as a Convex export and imported like one. Phone numbers come from ranges that are reserved for
fiction.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from background_sync.rules.identity import phone_digits
from background_sync.rules.notes import flag_note
from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS, Policy
from background_sync_ops.snapshot import (
    ImportProgress,
    ImportReport,
    ImportTarget,
    import_snapshot,
    write_snapshot,
)

Document = dict[str, Any]

SEED = 20260101
VERIFYING = "demo-lakeside-yoga"
MISSED = "missed"
"""The kind of contacts whose last message never reached the CRM."""


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _names("""
    Amara Anders Aylin Bruno Camila Chidi Clara Dalia Diego Elif Emeka Farah Felix Greta Hana Idris Ines
    Jonas Kavya Keiko Lars Leila Lucia Mateo Mei Milan Nadia Noor Omar Paloma Priya Quinn Rafael Rosa Sana
    Sofia Tariq Tomas Uma Viktor Wanjiru Yara Yusuf Zoe
""")
LAST_NAMES = _names("""
    Abara Almeida Becker Castro Demir Dubois Eriksen Farouk Garcia Haddad Ibrahim Jansen Kimura Kowalska
    Lindqvist Mbeki Moreau Nakamura Novak Okafor Oliveira Park Quispe Rahman Rossi Santos Silva Tanaka Usman
    Vargas Weber Yilmaz Zhou
""")
TEAM = ("Maya", "Oskar", "Rina", "Theo")
REMARKS = (
    "Asked for the price list.",
    "Wants a call back after lunch.",
    "Sent the catalogue, waiting for an answer.",
    "Prefers messages in the evening.",
    "Came through the spring campaign.",
    "Needs the invoice in the company's name.",
    "Asked about delivery to the islands.",
)
HIDDEN_PHONES_SHARE = 0.02
SOURCES = ("whatsapp", "website", "referral", "campaign")


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """`contacts` is the number of contacts of each kind. `policy` is what `settings` amount to."""

    workspace_id: str
    name: str
    kapso_phone_id: str
    contacts: Mapping[str, int]
    has_token: bool = True
    settings: Mapping[str, int | str] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)


WORKSPACES = (
    Workspace(
        workspace_id="demo-harbor-coffee",
        name="Harbor Coffee Roasters",
        kapso_phone_id="104500000000001",
        contacts={
            "fresh": 82,
            "never_flagged": 14,
            "cooling": 9,
            "flagged_before": 6,
            "archived": 6,
            "converted": 8,
        },
    ),
    Workspace(
        workspace_id="demo-alpine-outdoor",
        name="Alpine Outdoor Gear",
        kapso_phone_id="104500000000002",
        contacts={
            "fresh": 31,
            "never_flagged": 17,
            "cooling": 12,
            "flagged_before": 8,
            "archived": 5,
            "converted": 7,
        },
        settings={
            "staleThresholdMs": 6 * HOUR_MS,
            "flagCooldownMs": 48 * HOUR_MS,
            "maxFlagsPerRun": 10,
            "maxSyncNotes": 3,
        },
        policy=Policy(6 * HOUR_MS, 48 * HOUR_MS, 10, 3),
    ),
    Workspace(
        workspace_id="demo-sunrise-travel",
        name="Sunrise Travel",
        kapso_phone_id="104500000000003",
        contacts={
            "fresh": 12,
            "never_flagged": 88,
            "cooling": 15,
            "flagged_before": 30,
            "archived": 9,
            "converted": 6,
        },
    ),
    Workspace(
        workspace_id=VERIFYING,
        name="Lakeside Yoga",
        kapso_phone_id="104500000000005",
        contacts={"fresh": 11, "quiet": 38, MISSED: 6, "archived": 2, "converted": 3},
        # The first sweep compares every message that was ever written.
        settings={"verify": "repair", "verifyLookbackMs": 30 * DAY_MS},
        policy=Policy(verify_lookback_ms=30 * DAY_MS),
    ),
    Workspace(
        workspace_id="demo-old-mill-books",
        name="Old Mill Books",
        kapso_phone_id="104500000000004",
        contacts={"fresh": 4, "never_flagged": 18, "archived": 4},
        has_token=False,
    ),
)


def import_demo(
    now_ms: int, target: ImportTarget, progress: Callable[[ImportProgress], None] = lambda _: None
) -> ImportReport:
    """Import the demo as it is at `now_ms`; raises the errors of `import_snapshot`."""
    with TemporaryDirectory(prefix="background-sync-demo-") as folder:
        return import_snapshot(write_snapshot(Path(folder), demo_snapshot(now_ms)), target, progress)


def demo_snapshot(now_ms: int) -> dict[str, list[Document]]:
    """The demo's documents by table. The same `now_ms` gives the same documents."""
    contacts = [contact for _, contact in demo_contacts(now_ms)]
    return {"workspaces": [_workspace(each, now_ms) for each in WORKSPACES], "contacts": contacts}


def demo_contacts(now_ms: int) -> list[tuple[str, Document]]:
    """Each contact with its kind."""
    rng = random.Random(SEED)  # noqa: S311 - made-up people are no secret
    phones = _phones(rng)
    contacts = [
        (kind, _contact(rng, workspace, kind, now_ms, next(phones)))
        for workspace in WORKSPACES
        for kind, count in workspace.contacts.items()
        for _ in range(count)
    ]
    rng.shuffle(contacts)
    for number, (_, contact) in enumerate(contacts):
        contact["_id"] = f"demo-contact-{number:04d}"
    return contacts


def token_of(workspace: Workspace) -> str:
    return f"demo-token-of-{workspace.workspace_id}"


def _phones(rng: random.Random) -> Iterator[str]:
    british = [f"+44 7700 900{number:03d}" for number in range(1000)]
    american = [f"+1 {area} 555-01{number:02d}" for area in (212, 305, 415, 702) for number in range(100)]
    return iter(rng.sample(british + american, len(british + american)))


def _workspace(workspace: Workspace, now_ms: int) -> Document:
    created_at = float(now_ms - 200 * DAY_MS)
    token = {"meta_access_token": token_of(workspace)} if workspace.has_token else {}
    return {
        "_id": workspace.workspace_id,
        "_creationTime": created_at,
        "name": workspace.name,
        "slug": workspace.workspace_id.removeprefix("demo-"),
        "kapso_phone_id": workspace.kapso_phone_id,
        **token,
        "settings": {
            name: value if isinstance(value, str) else float(value)
            for name, value in workspace.settings.items()
        },
        "created_at": created_at,
        "updated_at": float(now_ms - 30 * DAY_MS),
    }


def _contact(rng: random.Random, workspace: Workspace, kind: str, now_ms: int, phone: str) -> Document:
    name = f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}"
    active_at = now_ms - _quiet_for(rng, kind, workspace.policy)
    created_at = active_at - rng.randrange(1, 120) * DAY_MS
    notes = [*_remarks(rng, created_at, active_at), *_flags(rng, kind, workspace.policy, active_at, now_ms)]
    return {
        "_creationTime": created_at + 0.5,
        "workspace_id": workspace.workspace_id,
        **_identity(rng, phone),
        "name": name,
        "kapso_name": name.split(maxsplit=1)[0],
        "leadStatus": _status(rng, kind),
        "notes": notes,
        "lastActivityAt": float(active_at),
        "lastContactAt": float(active_at - rng.randrange(30 * MINUTE_MS)),
        "created_at": float(created_at),
        "updated_at": float(active_at),
        "source": rng.choice(SOURCES),
    }


def _identity(rng: random.Random, phone: str) -> Document:
    """A phone, or a business-scoped user id for the few people who hide their phone."""
    if rng.random() < HIDDEN_PHONES_SHARE:
        return {"business_scoped_user_id": f"GB.{rng.randrange(10**15, 10**16)}"}
    return {"phone": phone, "phone_normalized": phone_digits(phone)}


def _status(rng: random.Random, kind: str) -> str:
    return kind if kind in ("archived", "converted") else rng.choice(("new", "qualified", "contacted"))


def _quiet_for(rng: random.Random, kind: str, policy: Policy) -> int:
    """The age of the last activity. It is far from the threshold, so a later sweep judges it the same."""
    if kind == "fresh":
        return rng.randrange(MINUTE_MS, policy.stale_threshold_ms * 6 // 10)
    if kind in ("cooling", "flagged_before"):
        return rng.randrange(policy.flag_cooldown_ms * 2, 40 * DAY_MS)
    return rng.randrange(policy.stale_threshold_ms * 3 // 2, 20 * DAY_MS)


def _flags(rng: random.Random, kind: str, policy: Policy, active_at: int, now_ms: int) -> Iterator[Document]:
    cooldown = policy.flag_cooldown_ms
    if kind == "cooling":
        flagged_at = now_ms - rng.randrange(HOUR_MS, cooldown * 3 // 4)
    elif kind == "flagged_before":
        flagged_at = now_ms - rng.randrange(cooldown * 5 // 4, cooldown * 7 // 4)
    else:
        return
    note = flag_note(active_at, flagged_at)
    yield {"content": note.content, "addedBy": note.added_by, "addedAt": float(note.added_at)}


def _remarks(rng: random.Random, created_at: int, active_at: int) -> list[Document]:
    times = sorted(rng.randrange(created_at, active_at) for _ in range(rng.randrange(4)))
    return [
        {"content": rng.choice(REMARKS), "addedBy": rng.choice(TEAM), "addedAt": float(at)} for at in times
    ]
