"""The pattern that asks CloudWatch for the log lines of one workspace."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from background_sync_ops.logs import filter_pattern

WELL_FORMED = re.compile(r'\{ \$\.workspace_id = "((?:[^"\\]|\\["\\])*)" \}')


def matches(pattern: str, workspace_id: str) -> bool:
    """As CloudWatch does: a backslash escapes the next character, and an asterisk matches any text."""
    found = WELL_FORMED.fullmatch(pattern)
    assert found is not None, pattern
    first, *others = (re.sub(r"\\(.)", r"\1", part) for part in found[1].split("*"))
    rest = workspace_id.removeprefix(first)
    if not others or not workspace_id.startswith(first):
        return workspace_id == first
    for part in others[:-1]:
        _, met, rest = rest.partition(part) if part else ("", "*", rest)
        if not met:
            return False
    return rest.endswith(others[-1])


@pytest.mark.parametrize(
    ("workspace_id", "pattern"),
    [
        ("acme", '{ $.workspace_id = "acme" }'),
        ("demo-harbor coffee", '{ $.workspace_id = "demo-harbor coffee" }'),
        ('a" || $.x = "', r'{ $.workspace_id = "a\" || $.x = \"" }'),
        ("back\\slash\\", r'{ $.workspace_id = "back\\slash\\" }'),
        ("two\nlines\x00", '{ $.workspace_id = "two*lines*" }'),
        ("李小龙", '{ $.workspace_id = "李小龙" }'),
    ],
)
def test_an_id_is_escaped_and_quoted(workspace_id: str, pattern: str) -> None:
    assert filter_pattern(workspace_id) == pattern


@given(st.text() | st.text(alphabet='"\\*{}$ a\n', min_size=900, max_size=2048))
@example('"' * 2048)
@example("a" * 2048)
def test_the_pattern_of_any_id_is_well_formed_and_matches_the_id(workspace_id: str) -> None:
    pattern = filter_pattern(workspace_id)
    assert matches(pattern, workspace_id)
    assert len(pattern) <= 1024
    assert pattern.count("\n") == 0


@given(st.text(alphabet=st.characters(exclude_categories=["C", "Z"], exclude_characters="*"), max_size=400))
def test_the_pattern_does_not_match_another_id(workspace_id: str) -> None:
    assert not matches(filter_pattern(workspace_id), workspace_id + "x")
    assert not matches(filter_pattern(workspace_id + '"'), workspace_id)
