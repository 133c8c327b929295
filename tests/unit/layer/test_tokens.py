"""Keys are read under the prefix only, kept for a while, and never shown."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from background_sync import tokens as tokens_module
from background_sync.clock import CLOSING_MS, Deadline
from background_sync.tokens import MAX_TRIES, NoToken, Tokens, TokenThrottled
from tests.integration.world import NOW, TestClock

KEPT_MS = 7_200_000
PREFIX = "/stack/kapso-tokens/"
NAME = f"{PREFIX}abc"


@dataclass
class Ssm:
    """Parameters, and the names that were asked for."""

    values: dict[str, str]
    error: Exception | None = None
    errors: int = 10**9
    bad: str = ""
    requests: list[list[str]] = field(default_factory=list)

    @property
    def asked(self) -> list[str]:
        return [name for names in self.requests for name in names]

    def get_parameters(self, *, Names: list[str], WithDecryption: bool) -> Any:  # noqa: N803
        assert WithDecryption
        self.requests.append(Names)
        if self.error is not None and len(self.requests) <= self.errors:
            raise self.error
        if self.bad in Names:
            raise client_error("AccessDeniedException")
        found = [{"Name": each, "Value": self.values[each]} for each in Names if each in self.values]
        return {"Parameters": found, "InvalidParameters": [each for each in Names if each not in self.values]}


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "Rate exceeded"}}, "GetParameters")


def make_tokens(ssm: Ssm, clock: TestClock | None = None) -> Tokens:
    return Tokens(PREFIX, clock or TestClock(), ssm, KEPT_MS)  # type: ignore[arg-type]


def test_a_key_is_kept_for_as_long_as_it_is_asked_to() -> None:
    ssm, clock = Ssm({NAME: "old\n"}), TestClock()  # Blanks around a key are dropped.
    tokens = make_tokens(ssm, clock)
    assert tokens.get(NAME) == "old"
    ssm.values[NAME] = "new"
    clock.time += KEPT_MS - 1
    assert tokens.get(NAME) == "old"
    clock.time += 1
    assert tokens.get(NAME) == "new"
    assert ssm.asked == [NAME, NAME]


def test_a_key_that_was_refused_is_read_again() -> None:
    ssm, clock = Ssm({NAME: "old"}), TestClock()
    tokens, deadline = make_tokens(ssm, clock), Deadline(clock, clock.time + 60_000)
    tokens.get(NAME)
    assert not tokens.is_changed(NAME, deadline)
    ssm.values[NAME] = "new"
    assert tokens.is_changed(NAME, deadline)
    assert tokens.get(NAME) == "new"
    del ssm.values[NAME]
    assert not tokens.is_changed(NAME, deadline)


def due_together(count: int) -> tuple[Ssm, Tokens, list[str]]:
    """Keys that were all read before, one by one, and are due now."""
    names = [f"{PREFIX}{number:02d}" for number in range(count)]
    ssm, clock = Ssm({name: f"key of {name}" for name in names}), TestClock()
    tokens = make_tokens(ssm, clock)
    for name in names:
        tokens.get(name)
    clock.time += KEPT_MS
    ssm.requests.clear()
    return ssm, tokens, names


def test_keys_that_are_due_together_are_read_ten_in_a_request() -> None:
    ssm, tokens, names = due_together(25)
    assert [tokens.get(name) for name in names] == [ssm.values[name] for name in names]
    assert [len(each) for each in ssm.requests] == [10, 10, 5]
    assert sorted(ssm.asked) == names


def test_a_bad_parameter_does_not_stop_those_that_are_read_with_it() -> None:
    ssm, tokens, names = due_together(12)
    ssm.bad, first, *others = names
    assert tokens.get(first) == ssm.values[first]
    assert [tokens.get(name) for name in others] == [ssm.values[name] for name in others]
    with pytest.raises(NoToken, match=f"{ssm.bad}: AccessDenied"):
        tokens.get(ssm.bad)


def test_a_deleted_parameter_is_not_asked_for_again_with_others() -> None:
    ssm, tokens, names = due_together(2)
    del ssm.values[names[0]]
    assert tokens.get(names[1])
    tokens.clock.sleep(KEPT_MS / 1000)
    tokens.get(names[1])
    assert ssm.requests == [[names[1], names[0]], [names[1]]]


@pytest.mark.parametrize("code", ["ThrottlingException", "Throttling"])
def test_a_throttled_request_is_made_again_after_a_pause(code: str) -> None:
    ssm, clock = Ssm({NAME: "key"}, client_error(code), errors=3), TestClock()
    assert make_tokens(ssm, clock).get(NAME) == "key"
    assert len(ssm.requests) == 4
    assert clock.time > NOW


def test_a_key_that_is_throttled_to_the_end_is_not_reported_as_missing() -> None:
    ssm, clock = Ssm({NAME: "key"}, client_error("ThrottlingException")), TestClock()
    with pytest.raises(TokenThrottled, match=f"{NAME}: SSM throttles the requests"):
        make_tokens(ssm, clock).get(NAME)
    assert len(ssm.requests) == MAX_TRIES


def test_retries_leave_enough_time_to_close_the_run() -> None:
    ssm, clock = Ssm({NAME: "key"}, client_error("ThrottlingException")), TestClock()
    deadline = Deadline(clock, NOW + CLOSING_MS + 1_000)
    with pytest.raises(TokenThrottled):
        make_tokens(ssm, clock).get(NAME, deadline)
    assert not deadline.within(CLOSING_MS)
    assert len(ssm.requests) < MAX_TRIES


@pytest.mark.parametrize("name", ["", "abc", "/stack/kapso-tokens", "/Stack/kapso-tokens/abc", f" {NAME}"])
def test_a_name_outside_the_prefix_is_never_asked_for(name: str) -> None:
    ssm = Ssm({name: "key"})
    with pytest.raises(NoToken, match="does not begin with /stack/kapso-tokens/") as caught:
        make_tokens(ssm).get(name)
    assert ssm.asked == []
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "says"),
    [(None, "ParameterNotFound"), (ConnectTimeoutError(endpoint_url="https://ssm"), "ConnectTimeoutError")],
)
def test_an_error_names_the_parameter_and_is_not_kept(error: Exception | None, says: str) -> None:
    ssm = Ssm({}, error)
    tokens = make_tokens(ssm)
    for _ in range(2):
        with pytest.raises(NoToken, match=f"{NAME}: {says}"):
            tokens.get(NAME)
    assert len(ssm.asked) == 2


@pytest.fixture
def small_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "MAX_KEPT", 3)


@pytest.mark.usefixtures("small_cache")
def test_a_full_cache_drops_the_least_recently_used_key() -> None:
    ssm = Ssm({PREFIX + each: each for each in "abcd"})
    tokens = make_tokens(ssm)
    for each in ("a", "b", "c", "a", "d", "a", "c", "d", "b"):
        tokens.get(PREFIX + each)
    assert [name.removeprefix(PREFIX) for name in ssm.asked] == ["a", "b", "c", "d", "b"]


def test_keys_are_not_shown() -> None:
    tokens = make_tokens(Ssm({NAME: "the-key"}))
    assert tokens.get(NAME) == "the-key"
    tokens.client = object()  # type: ignore[assignment]
    assert "the-key" not in repr(tokens)
