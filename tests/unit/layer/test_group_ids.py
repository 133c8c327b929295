"""The fair queue's tenant is the workspace, in letters that SQS takes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.queue import group_id

TAKEN_BY_SQS = re.compile(r"[!-~]{1,128}")  # letters, digits and punctuation of ASCII


@pytest.mark.parametrize(
    "workspace_id", ["w1", "j57d8w-0_x:y/z", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "x" * 128]
)
def test_a_workspaces_id_itself_where_sqs_takes_it(workspace_id: str) -> None:
    assert group_id(workspace_id) == workspace_id


@pytest.mark.parametrize("workspace_id", ["two words", "日本", "w1\n", "x" * 129, "\x00", "\x7f"])
def test_else_its_hash(workspace_id: str) -> None:
    assert group_id(workspace_id).startswith("hash-")
    assert group_id(workspace_id) == group_id(workspace_id)
    assert group_id(workspace_id) != group_id(workspace_id + "!")


@given(st.text(min_size=1, max_size=300))
def test_sqs_takes_it_whatever_the_workspace_is_called(workspace_id: str) -> None:
    assert TAKEN_BY_SQS.fullmatch(group_id(workspace_id))
