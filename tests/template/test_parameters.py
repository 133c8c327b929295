"""The parameters that are counts: CloudFormation's Number takes fractions, which no count may be."""

import re

import pytest

from background_sync_ops.stack.template import Template

BOUNDS = {
    "SweepIntervalMinutes": (5, 1440),
    "ReconcilerConcurrency": (2, 1000),
    "RecorderConcurrency": (2, 1000),
    "SweepShards": (1, 100),
    "DispatchSegments": (1, 100),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_a_count_is_a_whole_number_between_its_bounds(template: Template, name: str) -> None:
    (low, high), parameter = BOUNDS[name], template.body["Parameters"][name]
    taken = [number for number in range(20_000) if re.fullmatch(parameter["AllowedPattern"], str(number))]
    assert taken == list(range(low, high + 1))
    assert f"from {low} to {high}" in parameter["Description"]


@pytest.mark.parametrize("text", ["", "7.5", "-7", "07", "7 ", "7e1", "seven"])
@pytest.mark.parametrize("name", BOUNDS)
def test_nothing_else_is_a_count(template: Template, name: str, text: str) -> None:
    assert not re.fullmatch(template.body["Parameters"][name]["AllowedPattern"], text)


def test_a_number_has_its_values_listed(template: Template) -> None:
    numbers = [each for each in template.body["Parameters"].values() if each["Type"] == "Number"]
    assert numbers
    assert all(each["AllowedValues"] for each in numbers)
