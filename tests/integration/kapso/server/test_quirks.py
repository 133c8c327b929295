"""Habits that a client must bear."""

import pytest

from background_sync_ops.kapso import KapsoServer, KapsoStore, Person, Quirks
from background_sync_ops.kapso.quirks import NULLABLE
from background_sync_ops.kapso.times import TimeForm
from tests.integration.kapso.server.world import CONVERSATIONS, NOW, NUMBER, Client


@pytest.mark.parametrize(
    ("form", "first", "second"),
    [
        ("microseconds", "2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:01.234000Z"),
        ("seconds", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"),
        ("mixed", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01.234000Z"),
    ],
)
def test_forms_of_times(
    kapso: KapsoServer, client: Client, ann: Person, form: TimeForm, first: str, second: str
) -> None:
    kapso.quirks = Quirks(times=form)
    kapso.store.message(NUMBER, ann, "inbound", NOW)
    kapso.store.message(NUMBER, ann, "outbound", NOW + 1234)
    [shown] = client.get(CONVERSATIONS, fields="kapso(default)").data
    assert (shown["kapso"]["last_inbound_at"], shown["kapso"]["last_outbound_at"]) == (first, second)


def test_nulls_in_every_nullable_field(store: KapsoStore, kapso: KapsoServer, client: Client) -> None:
    kapso.quirks = Quirks(nulls=NULLABLE)
    person = store.add_person("621", business_scoped_user_id="US.1", username="@a", name="A")
    store.message(NUMBER, person, "inbound", NOW)
    [shown] = client.get(CONVERSATIONS, fields="kapso(default)").data
    assert set(shown.pop("kapso").values()) == {None}
    kept = {name for name, value in shown.items() if value is not None}
    assert kept == {"id", "status", "last_active_at", "created_at", "updated_at", "phone_number_id"}


def test_a_block_that_is_null(store: KapsoStore, kapso: KapsoServer, client: Client, ann: Person) -> None:
    kapso.quirks = Quirks(nulls={"kapso"})
    store.message(NUMBER, ann, "inbound", NOW)
    assert client.get(CONVERSATIONS, fields="kapso(default)").data[0]["kapso"] is None


def test_fields_that_are_left_out(store: KapsoStore, kapso: KapsoServer, client: Client, ann: Person) -> None:
    kapso.quirks = Quirks(absent={"business_scoped_user_id", "last_outbound_at"})
    store.message(NUMBER, ann, "inbound", NOW)
    [shown] = client.get(CONVERSATIONS, fields="kapso(default)").data
    assert not {"business_scoped_user_id"} & shown.keys()
    assert not {"last_outbound_at"} & shown["kapso"].keys()
