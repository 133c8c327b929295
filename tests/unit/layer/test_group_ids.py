"""Message groups: one per workspace, named with characters that SQS accepts."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.queue import group_id

ACCEPTED_BY_SQS = re.compile(r"[!-~]{1,128}")  # letters, digits and punctuation of ASCII


@pytest.mark.parametrize(
    "workspace_id", ["w1", "j57d8w-0_x:y/z", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "x" * 128]
)
def test_a_workspace_id_that_sqs_accepts_is_used(workspace_id: str) -> None:
    assert group_id(workspace_id) == workspace_id


@pytest.mark.parametrize("workspace_id", ["two words", "日本", "w1\n", "x" * 129, "\x00", "\x7f"])
def test_any_other_workspace_id_is_hashed(workspace_id: str) -> None:
    assert group_id(workspace_id).startswith("hash-")
    assert group_id(workspace_id) == group_id(workspace_id)
    assert group_id(workspace_id) != group_id(workspace_id + "!")


@given(st.text(min_size=1, max_size=300))
def test_sqs_accepts_every_group_id(workspace_id: str) -> None:
    assert ACCEPTED_BY_SQS.fullmatch(group_id(workspace_id))
