"""Keys are read under the prefix only, kept for a while, and never shown."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from background_sync import tokens as tokens_module
from background_sync.tokens import KEPT_MS, NoToken, Tokens
from tests.integration.world import TestClock

PREFIX = "/stack/kapso-tokens/"
NAME = f"{PREFIX}abc"


@dataclass
class Ssm:
    """Parameters, and the names that were asked for."""

    values: dict[str, str]
    error: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def get_parameter(self, *, Name: str, WithDecryption: bool) -> Any:  # noqa: N803
        assert WithDecryption
        self.asked.append(Name)
        if self.error is not None:
            raise self.error
        if Name not in self.values:
            answer: Any = {"Error": {"Code": "ParameterNotFound", "Message": "no"}}
            raise ClientError(answer, "GetParameter")
        return {"Parameter": {"Value": self.values[Name]}}


def make_tokens(ssm: Ssm, clock: TestClock | None = None) -> Tokens:
    return Tokens(PREFIX, clock or TestClock(), ssm)  # type: ignore[arg-type]


def test_a_key_is_kept_for_five_minutes() -> None:
    ssm, clock = Ssm({NAME: "old\n"}), TestClock()  # Blanks around a key are dropped.
    tokens = make_tokens(ssm, clock)
    assert tokens.get(NAME) == "old"
    ssm.values[NAME] = "new"
    clock.time += KEPT_MS - 1
    assert tokens.get(NAME) == "old"
    clock.time += 1
    assert tokens.get(NAME) == "new"
    assert (KEPT_MS, ssm.asked) == (300_000, [NAME, NAME])


def test_a_key_that_was_refused_is_read_again() -> None:
    ssm = Ssm({NAME: "old"})
    tokens = make_tokens(ssm)
    tokens.get(NAME)
    ssm.values[NAME] = "new"
    tokens.forget(NAME)
    tokens.forget(f"{PREFIX}unknown")
    assert tokens.get(NAME) == "new"


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
def test_an_error_names_the_parameter_and_the_next_call_reads_it_again(
    error: Exception | None, says: str
) -> None:
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


@pytest.mark.usefixtures("small_cache")
def test_a_full_cache_drops_expired_keys_first() -> None:
    ssm, clock = Ssm({PREFIX + each: each for each in ("expires", "a", "b", "c")}), TestClock()
    tokens = make_tokens(ssm, clock)
    tokens.get(PREFIX + "expires")
    clock.time += KEPT_MS - 1
    for each in ("a", "b", "expires"):
        tokens.get(PREFIX + each)
    clock.time += 1
    for each in ("c", "a", "b", "c"):
        tokens.get(PREFIX + each)
    assert [name.removeprefix(PREFIX) for name in ssm.asked] == ["expires", "a", "b", "c"]


def test_keys_are_not_shown() -> None:
    tokens = make_tokens(Ssm({NAME: "the-key"}))
    assert tokens.get(NAME) == "the-key"
    tokens.client = object()  # type: ignore[assignment]
    assert "the-key" not in repr(tokens)
