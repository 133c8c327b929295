"""Whatever happens, a completed verification finds everything that was missed, and nothing else."""

from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, example, given, note, settings

from background_sync.kapso import conversations
from background_sync.rules.policy import MINUTE_MS
from background_sync_ops.kapso import KapsoServer, KapsoStore, LastPage, Quirks
from tests.integration.killer import Killer
from tests.integration.verify.number import KEY, PHONE_ID, put_key
from tests.integration.verify.plans import PEOPLE, Event, Hour, Plan, plans
from tests.integration.verify.story import Story
from tests.integration.world import World

MANY = settings(
    max_examples=settings().max_examples // 10,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # Each example takes too long to shrink.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
CROWDED = Plan(
    kinds=("phone", "bsuid", "both") * (PEOPLE // 3) + ("phone",) * (PEOPLE % 3),
    known=(True, False) * (PEOPLE // 2) + (True,) * (PEOPLE % 2),
    hours=(
        Hour(tuple(Event("missed", who, 600 + who) for who in range(PEOPLE)), fails=("503", 2)),
        Hour((Event("missed", 1, 1800),), dies=(12, "after"), slow=True),
    ),
    page_size=100,
    last_page=LastPage.NULL_AFTER,
    crowd=130,
)
FLAG_DATED_AHEAD = Plan(
    kinds=("phone",) * PEOPLE,
    known=(True,) * PEOPLE,
    hours=(Hour((Event("missed", 5, 600),)), Hour((Event("flag dated ahead", 5, 60),), fails=("429", 1))),
    page_size=100,
    last_page=LastPage.NULL_AFTER,
)


def play(world: World, killer: Killer, plan: Plan, mode: str) -> None:
    note(repr(plan))
    world.clear()
    store = KapsoStore()
    store.add_number(PHONE_ID, KEY)
    world.workspace(settings={"verify": mode, "max_flags_per_run": 500, "verify_rate_share": 100})
    quirks = Quirks(last_page=plan.last_page)
    with (
        patch.object(conversations, "PAGE_SIZE", plan.page_size),
        patch.object(world, "interval_ms", MINUTE_MS),  # no run waits until its key may be used again
        KapsoServer(store, lambda: world.clock.time, quirks=quirks) as server,
    ):
        world.kapso_url = server.url
        Story(world, killer, store, server, plan, mode).play()


@pytest.fixture(autouse=True)
def key(world: World) -> None:
    put_key(world, "abc", KEY)


@pytest.mark.timeout(600)
@MANY
@given(plan=plans)
@example(plan=CROWDED)
@example(plan=replace(CROWDED, page_size=2, crowd=0))
def test_repair_finds_exactly_what_was_missed(world: World, killer: Killer, plan: Plan) -> None:
    play(world, killer, plan, "repair")


@pytest.mark.timeout(600)
@MANY
@given(plan=plans)
@example(plan=CROWDED)
@example(plan=FLAG_DATED_AHEAD)
def test_report_flags_exactly_who_was_missed(world: World, killer: Killer, plan: Plan) -> None:
    play(world, killer, plan, "report")
