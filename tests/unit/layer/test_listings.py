"""The query parameters of lists. An error names the parameter."""

import pytest

from background_sync.status.answers import BadParameter, read_listing

ALLOWED = ("workspace_id", "limit")


@pytest.mark.parametrize("limit", [1, 100])
def test_both_bounds_of_the_limit_are_allowed(limit: int) -> None:
    assert read_listing({"limit": str(limit)}, ALLOWED).limit == limit


@pytest.mark.parametrize("workspace_id", ["w1", "日本 & Söhne/1", "w#1", "x" * 2038, "ü" * 1019])
def test_any_id_that_a_workspace_may_have_is_allowed(workspace_id: str) -> None:
    assert read_listing({"workspace_id": workspace_id}, ALLOWED).workspace_id == workspace_id


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("limit", value) for value in ("0", "101", "-1", "", " 5", "5 ", "1e1", "1.0", "ten", "٣", "²")),
        *(("limit", value) for value in ("5,6", "9" * 5_000)),
        *(("workspace_id", value) for value in ("", "x" * 2039, "ü" * 1020)),
        *(("workspace_id", value) for value in ("#sweep", "#sweep-shard#00", "#audit#w1", "#")),
        *((name, "1") for name in ("Limit", "run_at", "")),
    ],
)
def test_an_unknown_parameter_and_an_invalid_value_are_refused(name: str, value: str) -> None:
    with pytest.raises(BadParameter) as error:
        read_listing({"limit": "5", name: value}, ALLOWED)
    assert (error.value.parameter, name in str(error.value)) == (name, True)
