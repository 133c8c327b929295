"""Some hours of a workspace: what happens in Kapso, what the table hears of it, and what goes wrong.

The model knows of each person when Kapso and when the table last saw activity, from the story alone. Whoever
is missing in the table by it, is what a completed verification has to find: all of them, and nobody else.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from background_sync.messages import RUN, Message
from background_sync.records.contacts import contact_key, record_activity
from background_sync.rules.contact import GRACE_MS
from background_sync.rules.policy import HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import KapsoServer, KapsoStore, LastPage, Person
from background_sync_ops.kapso import faults as answers
from background_sync_ops.kapso.model import Direction
from tests.integration.killer import Killed, Killer
from tests.integration.verify.number import PHONE_ID, assert_counts_add_up
from tests.integration.world import LEASE_MS, NOW, Received, World

SECOND_MS = 1000
PEOPLE = 7
STORED_SINCE_MS = 6 * HOUR_MS
HERS = {"content": "called him", "added_by": "ana", "added_at": 7}
FAILS: dict[str, tuple[answers.Fault, int]] = {
    "503": (answers.status(503), 3),
    "reset": (answers.reset(), 3),
    "401": (answers.status(401), 1),
    "422": (answers.status(422), 1),
    "429": (answers.status(429), 1),
    "invalid_response": (answers.broken_json(), 1),
    "redirect": (answers.redirect("https://example.com/"), 1),
    "once": (answers.status(500), 1),
}
"""What a page's requests get, and how many of them."""


# ---------------------------------------------------------------------- the plan


@dataclass(frozen=True)
class Event:
    """Something that happens `age_s` before the sweep to person number `who`."""

    what: str
    who: int
    age_s: int


@dataclass(frozen=True)
class Hour:
    """What happens before a sweep, and what goes wrong in it."""

    events: tuple[Event, ...]
    fails: tuple[str, int] | None = None
    dies: tuple[int, str] | None = None
    slow: bool = False


@dataclass(frozen=True)
class Plan:
    """A story; `kinds` of people: phone, bsuid or both; `known` are those whom the table has."""

    kinds: tuple[str, ...]
    known: tuple[bool, ...]
    hours: tuple[Hour, ...]
    page_size: int
    last_page: LastPage
    crowd: int = 0


MESSAGES: dict[str, int | None] = {
    "missed": None,
    "missed sent": None,
    "arrives": 2 * SECOND_MS,
    "twice": 2 * SECOND_MS,
    "late": 5 * MINUTE_MS,
}
"""How long a message's webhook takes; that of a missed one never comes."""
OTHERS = ("receipt", "opened", "renamed", "noted", "updated")
ages_s = st.sampled_from([0, 60, 119, 120, 121, 240]) | st.integers(0, 55 * 60)
events = st.builds(Event, st.sampled_from(["missed", *MESSAGES, *OTHERS]), st.integers(0, PEOPLE - 1), ages_s)
hours = st.builds(
    Hour,
    st.lists(events, max_size=6).map(lambda found: tuple(sorted(found, key=lambda each: -each.age_s))),
    st.none() | st.tuples(st.sampled_from(sorted(FAILS)), st.integers(1, 3)),
    st.none() | st.tuples(st.integers(1, 45), st.sampled_from(["before", "after"])),
    st.booleans(),
)
plans = st.builds(
    Plan,
    st.tuples(*[st.sampled_from(["phone", "phone", "bsuid", "both"])] * PEOPLE),
    st.tuples(*[st.booleans()] * PEOPLE),
    st.lists(hours, min_size=1, max_size=3).map(tuple),
    st.sampled_from([2, 3, 100]),
    st.sampled_from(LastPage),
)


# ---------------------------------------------------------------------- the model


@dataclass
class Known:
    """What the story says of a person: when the table saw them last, and what each conversation has (ms)."""

    person: Person
    contact_id: str
    in_table: int | None
    in_kapso: dict[str, int] = field(default_factory=dict)

    def missed(self, scan_at: int) -> int | None:
        """The activity that the table should have heard of before a scan, and has not."""
        settled = max((at for at in self.in_kapso.values() if at <= scan_at - GRACE_MS), default=None)
        if settled is None or (self.in_table is not None and settled - self.in_table <= GRACE_MS):
            return None
        return settled

    def is_settled(self, scan_at: int) -> bool:
        """Whether no webhook of theirs may still be under way."""
        return all(at <= scan_at - GRACE_MS for at in self.in_kapso.values())


@dataclass
class Story:
    """Plays a plan in `world`, with `mode` on, and compares every sweep with the model."""

    world: World
    killer: Killer
    store: KapsoStore
    server: KapsoServer
    plan: Plan
    mode: str
    people: list[Known] = field(default_factory=list)
    flagged: set[str] = field(default_factory=set)
    under_way: list[tuple[int, Known]] = field(default_factory=list)

    # ------------------------------------------------------------------ playing

    def play(self) -> None:
        """All hours, and two in which nothing goes wrong."""
        self._begin()
        for number, hour in enumerate((*self.plan.hours, Hour(()), Hour(()))):
            self._hour(hour, NOW + number * HOUR_MS)
        assert self._missed(self.world.clock.time) == set()

    def _begin(self) -> None:
        for number, (kind, known) in enumerate(zip(self.plan.kinds, self.plan.known, strict=True)):
            self._meet(number, kind, known=known)
        at = NOW - STORED_SINCE_MS
        crowd = [f"6270{number:05d}" for number in range(self.plan.crowd)]
        for phone in crowd:
            self.store.message(PHONE_ID, self.store.add_person(phone), "inbound", at)
        self.world.put_many(self.world.database.tables.contacts, [_contact(phone, at) for phone in crowd])

    def _meet(self, number: int, kind: str, *, known: bool) -> None:
        phone, bsuid = f"62810{number}", f"US.{number}"
        person = self.store.add_person(
            None if kind == "bsuid" else phone,
            business_scoped_user_id=None if kind == "phone" else bsuid,
            name=f"Profile {number}",
        )
        contact_id, at = bsuid if kind == "bsuid" else phone, NOW - STORED_SINCE_MS
        self.people.append(Known(person, contact_id, at if known else None))
        if known:
            self._message(self.people[-1], at, "missed")
            record = _contact(contact_id, at) | {"name": "By hand", "notes": [HERS]}
            self.world.put_many(self.world.database.tables.contacts, [record])

    def _hour(self, hour: Hour, run_at: int) -> None:
        for event in hour.events:
            self._happen(event, run_at - event.age_s * SECOND_MS)
        self.world.clock.time = max(self.world.clock.time, run_at)
        self._webhooks_arrive()
        before, pending = self.world.contacts(), self.world.workspace_record().get("pending_scan", {})
        self._sweep(hour, run_at)
        self._compare(run_at, before, half=bool(pending.get("after")))

    # ------------------------------------------------------------------ what happens

    def _happen(self, event: Event, at: int) -> None:
        known = self.people[event.who]
        match event.what:
            case "receipt" if known.in_kapso:
                self.store.delivery_receipt(PHONE_ID, known.person, at)
            case "opened":
                self.store.open_conversation(PHONE_ID, known.person, at)
            case "renamed":
                self.store.rename(known.person, f"Renamed at {at}")
            case "noted" if known.in_table is not None:
                self._note(known)
            case "updated":
                self._hear(known, at)
            case what if what in MESSAGES:
                self._message(known, at, what)

    def _message(self, known: Known, at: int, what: str) -> None:
        direction: Direction = "outbound" if what == "missed sent" else "inbound"
        conversation = self.store.message(PHONE_ID, known.person, direction, at).conversation_id
        known.in_kapso[conversation] = max(at, known.in_kapso.get(conversation, 0))
        takes = MESSAGES[what]
        if takes is not None:
            self.under_way += [(at + takes, known)] * (2 if what == "twice" else 1)

    def _webhooks_arrive(self) -> None:
        now = self.world.clock.time
        for at, known in self.under_way:
            if at <= now:
                self._hear(known, at)
        self.under_way = [each for each in self.under_way if each[0] > now]

    def _hear(self, known: Known, at: int) -> None:
        """The CRM notes when it heard of somebody."""
        record_activity(self.world.database, "w1", known.contact_id, at)
        known.in_table = max(at, known.in_table or 0)

    def _note(self, known: Known) -> None:
        self.world.database.client.update_item(
            TableName=self.world.database.tables.contacts,
            Key=contact_key("w1", known.contact_id),
            UpdateExpression="SET notes = list_append(if_not_exists(notes, :none), :note)",
            ExpressionAttributeValues={":none": {"L": []}, ":note": {"L": [_typed_note()]}},
        )

    # ------------------------------------------------------------------ the sweep

    def _sweep(self, hour: Hour, run_at: int) -> None:
        self.server.faults.clear()
        if hour.fails is not None:
            how, page = hour.fails
            fault, times = FAILS[how]
            self.server.faults.add(fault, path="/conversations", nth=range(page, page + times))
        if hour.slow:
            self.server.faults.add(answers.slow(self._take_time), path="/conversations")
        self.killer.aim(*(hour.dies or (0, "before")))
        for received in self._deliveries(run_at):
            self.world.deliver(received)  # once more, when all is done

    def _take_time(self) -> None:
        """No time is left for another page."""
        self.world.clock.time += 101_000

    def _deliveries(self, run_at: int) -> Iterator[Received]:
        waiting, seen = [Received(Message(RUN, "w1", run_at).body(), "none")], list[Received]()
        while waiting:
            received = waiting.pop(0)
            if not self._deliver(received):
                self.world.clock.time += LEASE_MS
                waiting.append(received)
            waiting += self.world.receive()
            seen.append(received)
        yield from seen

    def _deliver(self, received: Received) -> bool:
        try:
            with self.killer.watching():
                return self.world.deliver(received)
        except Killed:
            return False

    # ------------------------------------------------------------------ what came of it

    def _compare(self, run_at: int, before: dict[str, dict[str, Any]], *, half: bool) -> None:
        record, after = self.world.record(run_at=run_at), self.world.contacts()
        assert_counts_add_up(record)
        assert_nothing_is_lost(before, after)
        repaired = {name for name, each in after.items() if each.get("repaired_at") == run_at}
        flagged = {name for name, each in after.items() if each.get("flagged_at") == run_at}
        self._judge(repaired | flagged, record, half=half)
        if not record.deferred:  # one that died, and was then deferred, may have done more than it counts
            assert record.repaired == len(repaired & before.keys())
            assert record.created == len(repaired - before.keys())
            assert record.reported == len(flagged)
        self._follow(repaired, flagged, record, after)
        for each in self.people:
            found = after.get(each.contact_id, {}).get("last_activity_at")
            assert found == each.in_table, each.contact_id

    def _judge(self, found: set[str], record: Any, *, half: bool) -> None:
        """All that was missed, and no more. What was deferred comes `half` way and goes on from there, and
        who has just written again may be left to the next scan."""
        if record.deferred or half:
            assert found <= self._missed(self.world.clock.time)
            return
        scan_at = int(self.world.workspace_record()["watermark"])
        assert scan_at >= record.run_at
        missed = self._missed(scan_at)
        unsettled = {each.contact_id for each in self.people if not each.is_settled(scan_at)}
        assert missed - unsettled <= found <= missed

    def _missed(self, scan_at: int) -> set[str]:
        missed = [each for each in self.people if each.missed(scan_at)]
        if self.mode == "report":
            missed = [each for each in missed if each.in_table is not None]
        return {each.contact_id for each in missed} - self.flagged

    def _follow(self, repaired: set[str], flagged: set[str], record: Any, after: dict[str, Any]) -> None:
        """Who was repaired has what a scan at the watermark finds missed. When the scan of a run that died
        and was deferred began, nobody knows: then it is what one of the conversations has."""
        self.flagged |= flagged
        for each in self.people:
            if each.contact_id not in repaired:
                continue
            if record.deferred:
                each.in_table = int(after[each.contact_id]["last_activity_at"])
                assert each.in_table in each.in_kapso.values(), each.contact_id
            else:
                each.in_table = each.missed(int(self.world.workspace_record()["watermark"]))


def assert_nothing_is_lost(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> None:
    """What others wrote is there, and no activity went backwards."""
    for name, was in before.items():
        now = after[name]
        assert now["last_activity_at"] >= was["last_activity_at"], name
        assert now["activity_at"] == now["last_activity_at"], name
        assert theirs(now) == theirs(was), name
        assert now.get("name") == was.get("name") or not was.get("name"), name


def theirs(contact: dict[str, Any]) -> list[Any]:
    return [each for each in contact.get("notes", []) if each["added_by"] != "background-sync"]


def _contact(contact_id: str, at: int) -> dict[str, Any]:
    times = {"last_activity_at": at, "activity_at": at}
    return {"workspace_id": "w1", "contact_id": contact_id, "lead_status": "new", **times}


def _typed_note() -> Any:
    return {"M": {"content": {"S": "called him"}, "added_by": {"S": "ana"}, "added_at": {"N": "7"}}}
