"""The variables that the template sets are those that the functions read, and the other way round."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.layer.variables import LAMBDA, LOCAL, POWERTOOLS, READERS, REQUIRED, of


class Reading(dict[str, str]):
    """Variables that note who is asked for."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__(variables)
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


@pytest.mark.parametrize("function", READERS)
def test_what_is_set_is_read_and_what_is_read_is_set(function: str) -> None:
    reading = Reading(REQUIRED[function])
    READERS[function](reading)
    assert reading.asked - set(LAMBDA) - LOCAL == set(of(function)) - POWERTOOLS


@pytest.mark.parametrize("function", READERS)
def test_powertools_is_told_what_it_needs(function: str) -> None:
    assert set(of(function)) >= POWERTOOLS


@pytest.mark.parametrize("function", READERS)
def test_what_the_local_stack_alone_sets_is_not_in_the_template(function: str) -> None:
    assert not LOCAL & set(of(function))
