"""What others wrote is shown as text, and one line of it."""

import io
import json
from decimal import Decimal

import pytest
from rich.console import Console

from background_sync_ops.cli.output import clean, console, grid, print_json, shortened


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
def test_what_would_steer_a_terminal_is_escaped(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_markup_and_emoji_names_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    table = grid(("Name",))
    table.add_row("[red]x[/red] :smile: [/]")
    console().print(table)
    console().print("[bold]y")
    assert "[red]x[/red] :smile: [/]" in capsys.readouterr().out


def test_no_colour_goes_to_what_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    console().print("plain", style="bold red")
    assert capsys.readouterr().out == "plain\n"


def test_a_long_text_ends_in_an_ellipsis() -> None:
    assert shortened("1234567890", 10) == "1234567890"
    assert shortened("12345678901", 10) == "123456789…"


def test_json_is_ascii_and_knows_dynamodbs_numbers_and_sets(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": "李\x9b", "whole": Decimal(12), "part": Decimal("1.5"), "set": {"b", "a"}})
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert json.loads(printed) == {"name": "李\x9b", "whole": 12, "part": 1.5, "set": ["a", "b"]}


def test_a_table_gives_way_in_its_flexible_columns_only() -> None:
    table = grid(("Fixed", "Free"), fold=("Free",))
    table.add_row("x" * 30, "y" * 100)
    out = io.StringIO()
    Console(file=out, width=60).print(table)
    lines = out.getvalue().splitlines()
    assert all(len(line) <= 60 for line in lines)
    assert sum(line.count("y") for line in lines) == 100
