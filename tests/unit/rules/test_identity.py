"""Finding the contact of a person in Kapso: by business-scoped user id, then by the phone's digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.rules.identity import Ambiguous, match, phone_digits, spellings

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
        (PHONE, BSUID, {PHONE: "US.2"}, PHONE),
        ("5491155550000", None, {"541155550000": None}, "541155550000"),
        ("5215555550000", BSUID, {"525555550000": "US.2"}, "525555550000"),
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
        ("5491155550000", None, {"541155550000": None, "5491155550000": None}),
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
def test_a_found_one_agrees(phone: str | None, bsuid: str | None, candidates: dict[str, str | None]) -> None:
    try:
        found = match(phone, bsuid, candidates)
    except Ambiguous:
        return
    if found is not None:
        assert found in (phone, bsuid) or candidates[found] == bsuid


@given(phones, bsuids, contacts)
def test_others_change_none(phone: str | None, bsuid: str | None, candidates: dict[str, str | None]) -> None:
    def outcome(known: dict[str, str | None]) -> str | None:
        try:
            return match(phone, bsuid, known)
        except Ambiguous:
            return "ambiguous"

    assert outcome({**candidates, "700": "US.7", "701": None}) == outcome(candidates)


@pytest.mark.parametrize(
    ("phone", "digits"),
    [
        *((text, "628239250") for text in ("+62 823-9250", "628239250", "(62) 823.92.50", " 62\t8239250\n")),
        *((text, "") for text in ("", "unknown", "+", "٠١٢", "wa:+628239250", "US.1349", "+62 823 ext. 4")),
    ],
)
def test_a_phone_is_its_digits_and_a_text_with_letters_is_no_phone(phone: str, digits: str) -> None:
    assert phone_digits(phone) == digits


@pytest.mark.parametrize(
    ("dialled", "whatsapp"),
    [
        ("5511987654321", "551187654321"),
        ("5521912345678", "552112345678"),
        ("525512345678", "5215512345678"),
        ("541187654321", "5491187654321"),
    ],
)
def test_a_number_of_three_countries_has_two_spellings(dialled: str, whatsapp: str) -> None:
    assert spellings(dialled) == (dialled, whatsapp)
    assert spellings(whatsapp) == (whatsapp, dialled)


@pytest.mark.parametrize(
    "phone",
    [
        "551133334444",  # a landline of São Paulo
        "5511933334444",  # a mobile that no eight digits stood for
        "5511887654321",  # nine digits that do not begin with 9
        "52551234567",
        "52255123456789",
        "54118765432",
        "6282392508490",
        "15551234567",
        "",
    ],
)
def test_every_other_number_has_one_spelling(phone: str) -> None:
    assert spellings(phone) == (phone,)


@given(st.from_regex(r"(55|52|521|54|549|1|62)[0-9]{7,12}", fullmatch=True))
def test_spellings_lead_to_each_other_and_to_no_third(phone: str) -> None:
    assert all(set(spellings(each)) == set(spellings(phone)) for each in spellings(phone))
