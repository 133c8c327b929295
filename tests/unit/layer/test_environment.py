"""The template sets exactly the variables that the functions read."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.layer.variables import LAMBDA, LOCAL, POWERTOOLS, READERS, REQUIRED, variables_of


class RecordingVariables(dict[str, str]):
    """Variables that record which names are read."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__(variables)
        self.names_read: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names_read.add(name)
        return super().get(name, default)


@pytest.mark.parametrize("function", READERS)
def test_a_function_reads_exactly_the_variables_of_the_template(function: str) -> None:
    variables = RecordingVariables(REQUIRED[function])
    READERS[function](variables)
    given = set(variables_of(function))
    assert variables.names_read - set(LAMBDA) - LOCAL == given - POWERTOOLS
    assert given >= POWERTOOLS
    assert not LOCAL & given
