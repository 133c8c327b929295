"""Who a person of Kapso's is among the contacts: the business-scoped user id first, then the phone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.rules.identity import Ambiguous, match

PHONE, BSUID = "621", "US.1"
phones = st.none() | st.sampled_from(["621", "622"])
bsuids = st.none() | st.sampled_from(["US.1", "US.2"])
contacts = st.dictionaries(st.sampled_from(["621", "622", "US.1", "US.2"]), bsuids)


@pytest.mark.parametrize(
    ("phone", "bsuid", "candidates", "found"),
    [
        (PHONE, None, {}, None),
        (PHONE, BSUID, {}, None),
        (PHONE, None, {PHONE: None}, PHONE),
        (PHONE, None, {PHONE: "US.2"}, PHONE),
        (PHONE, BSUID, {PHONE: None}, PHONE),
        (PHONE, BSUID, {PHONE: BSUID}, PHONE),
        (PHONE, BSUID, {"629": BSUID}, "629"),
        (PHONE, BSUID, {BSUID: None}, BSUID),
        (None, BSUID, {BSUID: None}, BSUID),
        (None, BSUID, {BSUID: BSUID}, BSUID),
        (None, BSUID, {PHONE: BSUID}, PHONE),
    ],
)
def test_who_it_is(
    phone: str | None, bsuid: str | None, candidates: dict[str, str | None], found: str | None
) -> None:
    assert match(phone, bsuid, candidates) == found


@pytest.mark.parametrize(
    ("phone", "bsuid", "candidates"),
    [
        (None, None, {}),
        ("", "", {}),
        (None, None, {PHONE: BSUID}),
        (PHONE, BSUID, {PHONE: "US.2"}),
        (PHONE, BSUID, {PHONE: None, "629": BSUID}),
        (PHONE, BSUID, {PHONE: None, BSUID: None}),
        (None, BSUID, {"628": BSUID, "629": BSUID}),
        (None, BSUID, {BSUID: None, "629": BSUID}),
    ],
)
def test_nobody_in_particular(
    phone: str | None, bsuid: str | None, candidates: dict[str, str | None]
) -> None:
    with pytest.raises(Ambiguous):
        match(phone, bsuid, candidates)


@given(phones, bsuids, contacts)
def test_whoever_is_found_has_one_of_the_identities_and_denies_none(
    phone: str | None, bsuid: str | None, candidates: dict[str, str | None]
) -> None:
    try:
        found = match(phone, bsuid, candidates)
    except Ambiguous:
        return
    if found is not None:
        theirs = candidates[found]
        assert found in (phone, bsuid) or theirs == bsuid
        assert bsuid is None or theirs in (None, bsuid) or found == bsuid


@given(phones, bsuids, contacts)
def test_a_contact_that_has_neither_makes_no_difference(
    phone: str | None, bsuid: str | None, candidates: dict[str, str | None]
) -> None:
    def told(known: dict[str, str | None]) -> str | None:
        try:
            return match(phone, bsuid, known)
        except Ambiguous:
            return "ambiguous"

    assert told({**candidates, "700": "US.7", "701": None}) == told(candidates)
