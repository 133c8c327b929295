"""Finding the contact of a person in Kapso: by business-scoped user id, then by the phone's digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.rules.identity import Ambiguous, digits, match

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
def test_a_match_is_found(
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
def test_a_person_without_identity_or_with_two_contacts_is_ambiguous(
    phone: str | None, bsuid: str | None, candidates: dict[str, str | None]
) -> None:
    with pytest.raises(Ambiguous):
        match(phone, bsuid, candidates)


@given(phones, bsuids, contacts)
def test_a_found_contact_has_one_identity_and_contradicts_none(
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
def test_an_unrelated_contact_changes_nothing(
    phone: str | None, bsuid: str | None, candidates: dict[str, str | None]
) -> None:
    def outcome(known: dict[str, str | None]) -> str | None:
        try:
            return match(phone, bsuid, known)
        except Ambiguous:
            return "ambiguous"

    assert outcome({**candidates, "700": "US.7", "701": None}) == outcome(candidates)


@pytest.mark.parametrize(
    "phone", ["+62 823-9250", "628239250", "(62) 823.92.50", " 62\t8239250\n", "wa:+628239250"]
)
def test_a_phone_is_its_digits_in_any_format(phone: str) -> None:
    assert digits(phone) == "628239250"


@pytest.mark.parametrize("phone", ["", "unknown", "+", "٠١٢"])
def test_a_text_without_digits_is_no_phone(phone: str) -> None:
    assert digits(phone) == ""
