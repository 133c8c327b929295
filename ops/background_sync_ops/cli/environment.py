"""The process's environment, without the variables that other programs' settings are in."""

import os
from collections.abc import MutableMapping

# Powertools' and Lambda's (`template.yaml` sets those of the functions), PynamoDB's and Typer's.
# The libraries read them on import, and some values end the command with a traceback.
FOREIGN = ("LOG_LEVEL", "LAMBDA_TASK_ROOT", "PYNAMODB_CONFIG", "TERMINAL_WIDTH")
FOREIGN_PREFIXES = ("POWERTOOLS_", "AWS_LAMBDA_", "TYPER_")


def remove_foreign(variables: MutableMapping[str, str] = os.environ) -> None:
    """Nothing but its options, and the variables of AWS and the terminal, changes what a command does."""
    for name in [*variables]:
        if name in FOREIGN or name.startswith(FOREIGN_PREFIXES):
            del variables[name]
