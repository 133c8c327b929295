"""What the store keeps, without HTTP."""

import pytest

from background_sync_ops.kapso import Conversation, KapsoStore, Person
from tests.integration.kapso.server.world import HOUR, KEY, MINUTE, NOW, NUMBER, run_all


def only(store: KapsoStore, person: Person) -> Conversation:
    [conversation] = store.conversations(NUMBER, person)
    return conversation


def test_messages_move_the_conversation(store: KapsoStore, ann: Person) -> None:
    store.message(NUMBER, ann, "inbound", NOW)
    last = store.message(NUMBER, ann, "outbound", NOW + MINUTE)
    conversation = only(store, ann)
    assert (conversation.last_inbound_at, conversation.last_outbound_at) == (NOW, NOW + MINUTE)
    assert (conversation.last_message, conversation.messages_count) == (last, 2)
    assert (conversation.created_at, conversation.last_active_at) == (NOW, NOW + MINUTE)


def test_an_older_message_moves_nothing_back(store: KapsoStore, ann: Person) -> None:
    newer = store.message(NUMBER, ann, "inbound", NOW)
    store.message(NUMBER, ann, "inbound", NOW - HOUR)
    conversation = only(store, ann)
    assert (conversation.last_message, conversation.last_active_at) == (newer, NOW)
    assert (conversation.created_at, conversation.messages_count) == (NOW - HOUR, 2)


def test_after_a_day_of_silence_a_conversation_begins(store: KapsoStore, ann: Person) -> None:
    store.message(NUMBER, ann, "inbound", NOW)
    store.message(NUMBER, ann, "inbound", NOW + 24 * HOUR)
    assert len(store.conversations(NUMBER, ann)) == 2


def test_before_a_day_has_passed_none_begins(store: KapsoStore, ann: Person) -> None:
    store.message(NUMBER, ann, "inbound", NOW)
    store.message(NUMBER, ann, "inbound", NOW + 24 * HOUR - 1)
    assert only(store, ann).messages_count == 2


def test_a_receipt_moves_last_active_at_only(store: KapsoStore, ann: Person) -> None:
    store.message(NUMBER, ann, "outbound", NOW)
    store.delivery_receipt(NUMBER, ann, NOW + HOUR)
    conversation = only(store, ann)
    assert conversation.last_active_at == NOW + HOUR
    assert (conversation.last_outbound_at, store.last_activity(NUMBER, ann)) == (NOW, NOW)


def test_a_receipt_needs_a_conversation(store: KapsoStore, ann: Person) -> None:
    with pytest.raises(LookupError):
        store.delivery_receipt(NUMBER, ann, NOW)


def test_the_last_activity_is_over_all_conversations(store: KapsoStore, ann: Person) -> None:
    store.message(NUMBER, ann, "inbound", NOW + 48 * HOUR)
    store.message(NUMBER, ann, "inbound", NOW)
    assert store.last_activity(NUMBER, ann) == NOW + 48 * HOUR


def test_nobody_has_no_last_activity(store: KapsoStore, ann: Person) -> None:
    store.open_conversation(NUMBER, ann, NOW)
    assert store.last_activity(NUMBER, ann) is None


def test_a_person_needs_an_identity(store: KapsoStore) -> None:
    with pytest.raises(ValueError, match="a phone or a business-scoped user id"):
        store.add_person(name="Nobody")


def test_an_unknown_number_is_refused(store: KapsoStore, ann: Person) -> None:
    with pytest.raises(KeyError, match="999"):
        store.message("999", ann, "inbound", NOW)


def test_what_it_hands_out_does_not_change(store: KapsoStore, ann: Person) -> None:
    renamed = store.rename(ann, "Anna", NOW)
    assert (ann.name, renamed.name, store.person(ann.id)) == ("Ann", "Anna", renamed)


def test_the_same_seed_gives_the_same_ids() -> None:
    one, other = KapsoStore(seed=1), KapsoStore(seed=1)
    assert one.add_person("1").id == other.add_person("1").id
    assert one.add_person("2").id != KapsoStore(seed=2).add_person("2").id


def test_messages_of_many_threads_are_all_there(store: KapsoStore, ann: Person) -> None:
    def write() -> None:
        for minute in range(50):
            store.message(NUMBER, ann, "inbound", NOW + minute)

    run_all(*[write] * 4)
    assert only(store, ann).messages_count == 200


def test_secrets_are_in_no_repr(store: KapsoStore) -> None:
    webhook = store.add_webhook(NUMBER, "https://crm.example/hooks", secret_key="hush")
    assert KEY not in repr(store.number(NUMBER))
    assert "hush" not in repr(webhook)
