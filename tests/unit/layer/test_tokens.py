"""The keys: read under the prefix alone, kept for a while, and never shown."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from background_sync.tokens import KEPT_MS, NoToken, Tokens

NOW = 1_767_225_600_000
PREFIX = "/stack/kapso-tokens/"
NAME = f"{PREFIX}abc"


@dataclass
class Clock:
    """A clock that the test moves."""

    time: int = NOW

    def now(self) -> int:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += round(seconds * 1000)


@dataclass
class Ssm:
    """Parameters, and which of them were asked for."""

    values: dict[str, str]
    error: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def get_parameter(self, *, Name: str, WithDecryption: bool) -> Any:  # noqa: N803
        """As SSM answers it."""
        assert WithDecryption
        self.asked.append(Name)
        if self.error is not None:
            raise self.error
        if Name not in self.values:
            answer: Any = {"Error": {"Code": "ParameterNotFound", "Message": "no"}}
            raise ClientError(answer, "GetParameter")
        return {"Parameter": {"Value": self.values[Name]}}


def keys(ssm: Ssm, clock: Clock | None = None) -> Tokens:
    return Tokens(PREFIX, clock or Clock(), ssm)  # type: ignore[arg-type]


def test_a_key_is_kept_for_five_minutes() -> None:
    ssm, clock = Ssm({NAME: "old"}), Clock(NOW)
    tokens = keys(ssm, clock)
    assert tokens.get(NAME) == "old"
    ssm.values[NAME] = "new"
    clock.time += KEPT_MS - 1
    assert tokens.get(NAME) == "old"
    clock.time += 1
    assert tokens.get(NAME) == "new"
    assert (KEPT_MS, ssm.asked) == (300_000, [NAME, NAME])


def test_one_that_was_refused_is_read_anew() -> None:
    ssm = Ssm({NAME: "old"})
    tokens = keys(ssm)
    tokens.get(NAME)
    ssm.values[NAME] = "new"
    tokens.forget(NAME)
    tokens.forget(f"{PREFIX}unknown")
    assert tokens.get(NAME) == "new"


@pytest.mark.parametrize("name", ["", "abc", "/stack/kapso-tokens", "/Stack/kapso-tokens/abc", f" {NAME}"])
def test_a_name_outside_the_prefix_is_never_asked_for(name: str) -> None:
    ssm = Ssm({name: "key"})
    with pytest.raises(NoToken, match="is not under /stack/kapso-tokens/"):
        keys(ssm).get(name)
    assert ssm.asked == []


@pytest.mark.parametrize(
    ("error", "says"),
    [(None, "ParameterNotFound"), (ConnectTimeoutError(endpoint_url="https://ssm"), "ConnectTimeoutError")],
)
def test_one_that_cannot_be_read_is_named_and_asked_for_again(error: Exception | None, says: str) -> None:
    ssm = Ssm({}, error)
    tokens = keys(ssm)
    for _ in range(2):
        with pytest.raises(NoToken, match=f"{NAME}: {says}"):
            tokens.get(NAME)
    assert len(ssm.asked) == 2


def test_keys_are_not_shown() -> None:
    tokens = keys(Ssm({NAME: "the-key"}))
    tokens.client = object()  # type: ignore[assignment]
    tokens._kept[NAME] = NOW, "the-key"
    assert tokens.get(NAME) == "the-key"
    assert "the-key" not in repr(tokens)


def test_a_key_that_came_from_a_file_is_read_without_its_newline() -> None:
    assert keys(Ssm({NAME: "key\n"})).get(NAME) == "key"
