"""The sweep that an event starts or resumes."""

from typing import Any

import pytest

from background_sync.messages import InvalidEvent, Scheduled, read_scheduled

T10 = 1_767_261_600_000


def test_eventbridges_event_names_its_scheduled_time() -> None:
    event = {"source": "aws.events", "detail-type": "Scheduled Event", "time": "2026-01-01T10:00:00Z"}
    assert read_scheduled(event, T10) == Scheduled(T10, resume=False)


@pytest.mark.parametrize("time", ["2026-01-01T12:00:00+02:00", "2026-01-01T10:00:00.000Z"])
def test_any_format_of_the_time_names_the_same_sweep(time: str) -> None:
    assert read_scheduled({"time": time}, T10).run_at == T10


def test_a_manual_event_names_its_time_in_milliseconds() -> None:
    assert read_scheduled({"run_at": T10}, T10) == Scheduled(T10, resume=False)


@pytest.mark.parametrize(
    ("resume", "resumes"), [(True, True), (False, False), (None, False), ("true", False)]
)
def test_an_event_of_the_dispatcher_itself_resumes_a_sweep(resume: object, resumes: bool) -> None:
    assert read_scheduled({"run_at": T10, "resume": resume}, T10) == Scheduled(T10, resume=resumes)


@pytest.mark.parametrize("event", [{}, {"time": None}, {"time": T10}, {"detail": {"run_at": T10}}])
def test_an_event_without_a_time_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvent, match="neither run_at nor time"):
        read_scheduled(event, T10)


@pytest.mark.parametrize("time", ["", "now", "2026-13-01T10:00:00Z", "2026-01-01T10:00:00"])
def test_an_invalid_time_or_one_without_a_zone_is_refused(time: str) -> None:
    with pytest.raises(InvalidEvent, match="time is "):
        read_scheduled({"time": time}, T10)


@pytest.mark.parametrize("run_at", [None, 0, -5, 1.5, str(T10), True, [T10], T10 // 1000, T10 + 300_001])
def test_an_invalid_run_at_is_refused(run_at: object) -> None:
    with pytest.raises(InvalidEvent, match="run_at is "):
        read_scheduled({"run_at": run_at, "time": "2026-01-01T10:00:00Z"}, T10)


@pytest.mark.parametrize("time", ["2026-01-01T10:05:01Z", "2126-01-01T10:00:00Z", "2019-12-31T23:59:59Z"])
def test_a_sweep_in_the_future_or_before_2020_is_refused(time: str) -> None:
    with pytest.raises(InvalidEvent, match="expected a time in ms from 2020-01-01 to 5 minutes from now"):
        read_scheduled({"time": time}, T10)


def test_a_sweep_of_a_clock_that_is_a_little_ahead_is_accepted() -> None:
    assert read_scheduled({"run_at": T10 + 300_000}, T10).run_at == T10 + 300_000
