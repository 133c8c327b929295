"""What the intake receives late brings nobody back who was forgotten; what is new makes a contact."""

from dataclasses import replace

import pytest

from background_sync.intake.secrets import KEPT_MS
from background_sync.rules.policy import HOUR_MS, MINUTE_MS
from background_sync_ops.forgetting import Eraser
from background_sync_ops.kapso import Person
from tests.integration.intake.conftest import SECRET_PREFIX, Intake
from tests.integration.verify.number import put_key
from tests.integration.world import ACTIVE, NOW, World

KEY, SECRET = ACTIVE["kapso_token_parameter"], f"{SECRET_PREFIX}w1"


@pytest.fixture
def eraser(world: World, eraser: Eraser) -> Eraser:
    """As with the intake; the workspace has a key."""
    put_key(world, "abc", "key")
    return replace(eraser, secret_prefix=SECRET_PREFIX)


@pytest.fixture
def sari(intake: Intake) -> Person:
    return intake.store.add_person("628123", business_scoped_user_id="ID.1", name="Sari")


def parameters(world: World) -> set[str]:
    return {each["Name"] for each in world.ssm.describe_parameters()["Parameters"]}


def test_a_late_message_brings_nobody_back_and_a_new_one_does(
    intake: Intake, world: World, sari: Person, eraser: Eraser
) -> None:
    world.contact("628123", HOUR_MS)
    eraser.forget_person(eraser.find_person("628123"))
    intake.deliver(intake.message(sari, HOUR_MS))
    intake.record()
    assert world.contacts() == {}
    world.clock.time += HOUR_MS
    intake.deliver(intake.message(sari, -30 * MINUTE_MS))
    intake.record()
    assert world.contacts()["628123"]["last_activity_at"] == NOW + 30 * MINUTE_MS


def test_a_message_of_somebody_else_is_recorded(
    intake: Intake, world: World, sari: Person, eraser: Eraser
) -> None:
    eraser.forget_person(eraser.find_person("621"))
    intake.deliver(intake.message(sari, HOUR_MS))
    intake.record()
    assert world.contacts().keys() == {"628123"}


def test_a_forgotten_workspace_has_no_key_and_no_secret_and_records_nothing(
    intake: Intake, world: World, sari: Person, eraser: Eraser
) -> None:
    world.contact("621")
    world.run()
    assert intake.deliver(intake.message(sari, 0)) == 200
    [waiting] = intake.queued()
    deleted = eraser.forget_workspace()
    assert (deleted.contacts, deleted.records, {*deleted.parameters}) == (1, 1, {KEY, SECRET})
    assert not {KEY, SECRET} & parameters(world)
    # A function keeps the secret for a while.
    assert intake.deliver(intake.message(sari, 0)) == 200
    intake.record(waiting, *intake.queued())
    assert world.contacts() == {}
    world.clock.time += KEPT_MS
    assert intake.deliver(intake.message(sari, 0)) == 401


@pytest.mark.usefixtures("intake")
def test_a_key_that_another_workspace_has_stays(world: World, eraser: Eraser) -> None:
    world.workspace("w2")
    assert eraser.forget_workspace().parameters == (SECRET,)
    assert KEY in parameters(world)


@pytest.mark.usefixtures("intake")
@pytest.mark.parametrize("name", [None, "/another/kapso-tokens/abc"])
def test_a_parameter_outside_the_prefix_is_not_deleted(
    world: World, eraser: Eraser, name: str | None
) -> None:
    world.workspace(kapso_token_parameter=name)
    assert eraser.forget_workspace().parameters == (SECRET,)
