"""What a run saves to continue from is stored compressed."""

import json
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from background_sync.records.runs import PackedAttribute

PACKED = PackedAttribute()
values = st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5)


@given(st.dictionaries(st.text(), values))
def test_it_is_read_as_it_was_written(document: dict[str, object]) -> None:
    assert PACKED.deserialize(PACKED.serialize(document)) == document


@given(st.dictionaries(st.text(), values))
def test_a_record_of_an_earlier_version_is_read_too(document: dict[str, object]) -> None:
    assert PACKED.deserialize(json.dumps(document)) == document


def test_two_thousand_people_take_a_third_of_their_json() -> None:
    phones = Random(1)  # noqa: S311
    counted = {f"62{phones.randrange(10**10):010d}": "in_step" for _ in range(2_000)}
    document = {"counted": counted}
    assert len(PACKED.serialize(document)) < len(json.dumps(document)) / 3
