from collections import Counter

import pytest

from background_sync.rules.contact import Verdict, contact_from_record, judge
from background_sync.rules.policy import read_policy
from background_sync_ops.demo import demo_snapshot
from background_sync_ops.snapshot.documents import contact_record, workspace_record
from tests.unit.snapshot.making import NOW, parsed

LATER = 60_000
"""The sweep begins some time after the demo is made."""


def verdicts(now: int) -> dict[str, Counter[Verdict]]:
    demo = demo_snapshot(now)
    policies = {each["_id"]: read_policy(parsed_settings(each))[0] for each in demo["workspaces"]}
    found: dict[str, Counter[Verdict]] = {each: Counter() for each in policies}
    for document in demo["contacts"]:
        record = contact_record(parsed(document), now).record
        policy = policies[record["workspace_id"]]
        judged = judge(contact_from_record(record["contact_id"], record, now), now + LATER, policy)
        found[record["workspace_id"]][judged] += 1
    return found


def parsed_settings(document: dict[str, object]) -> object:
    return workspace_record(parsed(document)).record["settings"]


def test_the_same_time_gives_the_same_demo() -> None:
    assert demo_snapshot(NOW) == demo_snapshot(NOW)
    assert demo_snapshot(NOW) != demo_snapshot(NOW + 1)


@pytest.mark.parametrize("now", [NOW, NOW + 123_456_789])
def test_at_any_time_the_demo_has_contacts_of_every_verdict(now: int) -> None:
    found = verdicts(now)
    assert found == verdicts(NOW)
    for workspace_id in ("demo-harbor-coffee", "demo-alpine-outdoor", "demo-sunrise-travel"):
        assert set(found[workspace_id]) == set(Verdict) - {Verdict.QUIET}  # only Kapso can confirm it
    assert found["demo-harbor-coffee"][Verdict.FRESH] > sum(found["demo-harbor-coffee"].values()) / 2
    assert found["demo-sunrise-travel"][Verdict.DUE] > 2 * 50


def test_all_settings_are_valid() -> None:
    documents = demo_snapshot(NOW)["workspaces"]
    assert [read_policy(parsed_settings(each))[1] for each in documents] == [()] * 5
    assert {read_policy(parsed_settings(each))[0].max_flags_per_run for each in documents} == {10, 50}
