"""WhatsApp's own times are in seconds."""

from tests.integration.snapshot.importing import NOW, Importing, contact


def test_times_in_seconds_are_converted_with_one_remark_for_the_file(importing: Importing) -> None:
    seconds = [contact(f"+62 {number}", f"c{number}", lastActivityAt=NOW // 1000) for number in range(3)]
    report = importing.load([*seconds, contact("+62 9", "c9")])
    assert report.in_seconds == {"contacts/documents.jsonl": 3}
    assert {each["last_activity_at"] for each in importing.contacts().values()} == {NOW}
    assert report.bad == 0
