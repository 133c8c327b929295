"""Variables that are meant for other programs: no command reads them."""

import pytest

from tests.integration.cli.running import AT, Operator, run

LIBRARIES = {
    "POWERTOOLS_LOG_LEVEL": "verbose",
    "POWERTOOLS_LOGGER_SAMPLE_RATE": "often",
    "POWERTOOLS_DEV": "maybe",
    "AWS_LAMBDA_LOG_LEVEL": "verbose",
    "PYNAMODB_CONFIG": "/etc/hostname",
    "TERMINAL_WIDTH": "wide",
}


COMMANDS = (
    ("--help",),
    ("sweep", "--at", AT),
    ("audit", "capped"),
    ("contacts", "acme"),
    ("backfill", "unknown", "--since", AT, "--until", AT),
)


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        *((COMMANDS[1], {"LOG_LEVEL": value}) for value in ("TRACE", "10", "")),
        *((command, {"LOG_LEVEL": "verbose", **LIBRARIES}) for command in COMMANDS),
    ],
    ids=lambda each: each[0] if isinstance(each, tuple) else each["LOG_LEVEL"],
)
def test_a_variable_of_another_program_changes_nothing(
    operator: Operator, arguments: tuple[str, ...], variables: dict[str, str]
) -> None:
    status = 2 if "unknown" in arguments else 0
    result = run(operator.folder, *arguments, **variables)
    assert (result.status, "Traceback" in result.stderr) == (status, False), result.stderr
