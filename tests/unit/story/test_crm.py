"""The story's CRM takes what Kapso signed, once, and nothing else."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from background_sync.records.database import Database
from background_sync_ops.kapso import Channel, KapsoServer, KapsoStore, Person
from background_sync_ops.story import crm as crm_module
from background_sync_ops.story.crm import Crm

NOW = 1_767_261_600_000
PHONE_ID = "300"


class Kapso(KapsoServer):
    """Kapso with one number, whose webhook goes to the CRM."""

    def __init__(self, crm: Crm) -> None:
        store = KapsoStore()
        super().__init__(store, lambda: NOW, channel=Channel(duplicates=1.0, retry_delays_ms=()))
        store.add_number(PHONE_ID, "key")
        store.add_webhook(PHONE_ID, crm.url, secret_key="secret")

    def write(self, person: Person) -> None:
        self.store.message(PHONE_ID, person, "inbound", NOW - 5)
        self.courier.deliver_pending()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    writes: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        crm_module,
        "record_activity",
        lambda _, workspace_id, contact_id, at, **more: writes.append((workspace_id, contact_id, at, more)),
    )
    return writes


@pytest.fixture
def crm() -> Iterator[Crm]:
    with Crm(cast("Database", None), "acme", "secret", lambda: NOW) as crm:
        yield crm


@pytest.fixture
def kapso(crm: Crm) -> Iterator[Kapso]:
    with Kapso(crm) as kapso:
        yield kapso


def test_what_is_sent_twice_is_written_once(kapso: Kapso, crm: Crm, written: list[tuple[Any, ...]]) -> None:
    kapso.write(kapso.store.add_person("12125550100", name="Ann"))
    assert written == [("acme", "12125550100", NOW, {"phone": "12125550100", "profile_name": "Ann"})]
    assert (crm.arrived, crm.heard) == (1, {"12125550100": NOW})


def test_somebody_without_a_phone_is_known_by_the_other_id(
    kapso: Kapso, crm: Crm, written: list[Any]
) -> None:
    kapso.write(kapso.store.add_person(business_scoped_user_id="US.1"))
    assert crm.heard == {"US.1": NOW}
    assert len(written) == 1


def test_what_is_not_signed_with_its_secret_is_refused(kapso: Kapso, crm: Crm, written: list[Any]) -> None:
    [webhook] = kapso.store.webhooks(PHONE_ID)
    kapso.store.change_webhook(webhook.id, NOW, secret_key="another")
    kapso.write(kapso.store.add_person("12125550100"))
    [delivery] = kapso.store.deliveries(PHONE_ID)
    assert (delivery.status, delivery.response_status) == ("failed", 401)
    assert (crm.arrived, crm.heard, written) == (0, {}, [])


def test_while_it_is_broken_it_hears_nothing(kapso: Kapso, crm: Crm, written: list[Any]) -> None:
    crm.broken = True
    kapso.write(kapso.store.add_person("12125550100"))
    [delivery] = kapso.store.deliveries(PHONE_ID)
    assert (delivery.response_status, crm.arrived, written) == (500, 0, [])
