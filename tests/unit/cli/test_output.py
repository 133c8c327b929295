"""What others wrote is printed as text on one line."""

import json
from decimal import Decimal

import pytest

from background_sync_ops.cli.output import clean, console, grid, print_json
from background_sync_ops.webhooks import masked
from tests.unit.cli.printing import rendered


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Søren 🙂 李小龙", "Søren 🙂 李小龙"),
        ("two\nlines\tof\rit", r"two\nlines\tof\rit"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("c1 \x9b31m", r"c1 \x9b31m"),
        ("\u202egnihsihp", r"\u202egnihsihp"),
        ("bell \x07 null \x00", r"bell \x07 null \x00"),
        ("half \ud83d", r"half \ud83d"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
    ],
)
def test_control_characters_are_escaped(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_markup_and_emoji_names_are_printed_as_text() -> None:
    table = grid(("Name",))
    table.add_row("[red]x[/red] :smile: [/]")
    assert "[red]x[/red] :smile: [/]" in rendered(table)
    assert rendered("[bold]y") == "[bold]y\n"


def test_a_line_in_a_pipe_ends_without_spaces_and_a_question_with_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = grid(("Name", "State"))
    table.add_row("a long name", "ok")
    for stderr in (False, True):
        console(stderr=stderr).print(table, "Change it? ", end="")
    for text in capsys.readouterr():
        assert text == "Name         State\na long name  ok\nChange it? "


def test_json_is_ascii_and_knows_dynamodbs_numbers_and_sets(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": "李\x9b", "whole": Decimal(12), "part": Decimal("1.5"), "set": {"b", "a"}})
    text = capsys.readouterr().out
    assert text.isascii()
    assert json.loads(text) == {"name": "李\x9b", "whole": 12, "part": 1.5, "set": ["a", "b"]}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://crm.example/hooks/kapso", "https://crm.example/hooks/kapso"),
        ("https://crm.example:8443/hooks", "https://crm.example:8443/hooks"),
        ("https://ann:pw@crm.example/hooks", "https://***@crm.example/hooks"),
        ("https://ann@crm.example", "https://***@crm.example"),
        ("https://a@b:pw@crm.example", "https://***@crm.example"),
        ("https://crm.example/?key=s3cret&tenant=7", "https://crm.example/?key=***&tenant=***"),
        ("https://crm.example/?s3cret", "https://crm.example/?***"),
        ("https://crm.example/?key=s3=cret", "https://crm.example/?key=***"),
        ("https://crm.example/#s3cret", "https://crm.example/#***"),
        ("ann:pw@crm.example/hooks", "***"),
        ("ftp://ann:pw@crm.example", "***"),
        ("https://[::1", "***"),
        ("s3cret", "***"),
        ("", "***"),
        (None, None),
    ],
)
def test_user_query_and_fragment_of_a_url_are_masked(url: str | None, shown: str | None) -> None:
    assert masked(url) == shown
