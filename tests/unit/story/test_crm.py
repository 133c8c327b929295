"""The demo's CRM records each delivery that Kapso signed once, and refuses every other one."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from background_sync.records.database import Database
from background_sync_ops.kapso import Channel, Delivery, KapsoServer, KapsoStore, Person
from background_sync_ops.story import crm as crm_module
from background_sync_ops.story.crm import Crm

NOW = 1_767_261_600_000
PHONE_ID = "300"


class Kapso(KapsoServer):
    """Kapso with one number, whose webhook goes to the CRM. Every accepted delivery is sent twice."""

    def __init__(self, crm: Crm) -> None:
        super().__init__(KapsoStore(), lambda: NOW)
        self.courier.channel = Channel(duplicates=1.0, retry_delays_ms=())
        self.store.add_number(PHONE_ID, "key")
        self.webhook = self.store.add_webhook(PHONE_ID, crm.url, secret_key="secret")

    def deliver_message(self, person: Person) -> Delivery:
        self.store.message(PHONE_ID, person, "inbound", NOW - 5)
        self.courier.deliver_pending()
        return self.store.deliveries(PHONE_ID)[-1]


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


def test_a_repeated_delivery_is_written_once(kapso: Kapso, crm: Crm, written: list[tuple[Any, ...]]) -> None:
    kapso.deliver_message(kapso.store.add_person("12125550100", name="Ann"))
    assert written == [("acme", "12125550100", NOW, {"phone": "12125550100", "profile_name": "Ann"})]
    assert (crm.delivery_count, crm.last_activity) == (1, {"12125550100": NOW})
    kapso.deliver_message(kapso.store.add_person(business_scoped_user_id="US.1"))
    assert (len(written), crm.last_activity["US.1"]) == (2, NOW)


def test_another_secret_is_refused_a_failing_crm_is_idle(kapso: Kapso, crm: Crm, written: list[Any]) -> None:
    crm.is_failing = True
    delivery = kapso.deliver_message(kapso.store.add_person("12125550100"))
    assert (delivery.response_status, crm.delivery_count) == (500, 0)
    crm.is_failing = False
    kapso.store.change_webhook(kapso.webhook.id, NOW, active=False)
    kapso.store.add_webhook(PHONE_ID, kapso.webhook.url, secret_key="another")
    delivery = kapso.deliver_message(kapso.store.add_person("12125550100"))
    assert (delivery.status, delivery.response_status, written) == ("failed", 401, [])
