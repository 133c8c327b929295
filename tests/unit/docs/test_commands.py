"""The commands of README and docs work as written: their stack, options, parameters and outputs exist."""

import json
import re
import tomllib

import botocore.session
import pytest
import typer
from botocore import xform_name

from background_sync_ops.cli.app import app
from background_sync_ops.stack.template import read_source
from tests.unit.docs.commands import PAGES, ROOT, Documented, commands

TEMPLATE = read_source(ROOT / "template.yaml")
CONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
STACKS = {CONFIG[name]["global"]["parameters"]["stack_name"] for name in ("default", "prod")}
OWN = typer.main.get_command(app).commands  # type: ignore[attr-defined]
RECIPES = read_source(ROOT / "docs" / "events.yaml")
AWS = botocore.session.get_session()
AWS_OPTIONS = {"--region", "--profile", "--query", "--output", "--no-cli-pager"}
AWS_CLI_ONLY = {
    ("logs", "tail"): {"--since", "--filter-pattern", "--follow"},
    ("s3", "cp"): set[str](),
}
"""Commands that the AWS CLI has beside those of the API."""
TEXT = {page.name: page.read_text("utf-8") for page in PAGES}


def test_there_are_commands_of_every_tool() -> None:
    for tool in ("background-sync", "sam", "aws", "make"):
        assert commands(tool), tool


@pytest.mark.parametrize("command", commands("background-sync"), ids=str)
def test_a_command_of_ours_has_its_options(command: Documented) -> None:
    name = next((word for word in command.words[1:] if not word.startswith("-")), None)
    known = {"--help", "--version"}
    if name is not None:
        known |= {option for each in OWN[name].params for option in each.opts}
    assert command.options.keys() <= known


@pytest.mark.parametrize("command", commands("sam"), ids=str)
def test_a_command_of_sam_takes_its_stack_and_all_parameters_from_samconfig(command: Documented) -> None:
    """`--guided` asks for another name, and parameters on the command line replace those of the file."""
    assert not {"--guided", "-g", "--parameter-overrides"} & set(command.words)
    assert command.options.get("--config-env", "prod") in CONFIG
    assert command.options.get("--stack-name", next(iter(STACKS))) in STACKS


@pytest.mark.parametrize("command", commands("aws"), ids=str)
def test_a_command_of_aws_exists_and_has_its_options(command: Documented) -> None:
    service, operation = command.words[1:3]
    assert command.options.keys() - AWS_OPTIONS <= aws_options(service, operation, [*command.words, ""][3])


def aws_options(service: str, operation: str, waiter: str) -> set[str]:
    if (service, operation) in AWS_CLI_ONLY:
        return AWS_CLI_ONLY[service, operation]
    model = AWS.get_service_model(service)
    if operation == "wait":
        waiters = {dashed(name): name for name in AWS.get_waiter_model(service).waiter_names}
        name = AWS.get_waiter_model(service).get_waiter(waiters[waiter]).operation
    else:
        name = {dashed(name): name for name in model.operation_names}[operation]
    shape = model.operation_model(name).input_shape
    options = {f"--{dashed(name)}": member for name, member in shape.members.items()} if shape else {}
    off = {f"--no-{name[2:]}" for name, member in options.items() if member.type_name == "boolean"}
    return {*options, *off}


def dashed(name: str) -> str:
    return xform_name(name, "-")


@pytest.mark.parametrize("command", commands("background-sync", "aws", "sam"), ids=str)
def test_a_stack_is_one_of_samconfig_or_a_placeholder(command: Documented) -> None:
    name = command.options.get("--stack-name", "NAME")
    assert name in STACKS or name.isupper()


@pytest.mark.parametrize("command", commands("make"), ids=str)
def test_a_target_of_make_exists(command: Documented) -> None:
    assert re.search(rf"^{command.words[1]}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("page", TEXT)
def test_an_output_that_is_named_is_one_of_the_template(page: str) -> None:
    named = re.findall(r"\boutputs?\s+`?([A-Z]\w+)|OutputKey=='(\w+)'", TEXT[page])
    assert {one or other for one, other in named} <= set(TEMPLATE["Outputs"])


@pytest.mark.parametrize("page", TEXT)
def test_a_parameter_that_is_named_or_set_is_one_of_the_template(page: str) -> None:
    named = re.findall(r"\bparameters?\s+`([A-Z]\w+)", TEXT[page])
    given = re.findall(r"[`\" ]([A-Z][a-z]\w+)=[^=]", TEXT[page])
    assert {*named, *given} <= {*TEMPLATE["Parameters"], *RECIPES["Parameters"], "ParameterKey"}


@pytest.mark.parametrize("page", TEXT)
def test_parameters_that_are_shown_for_samconfig_keep_those_of_production(page: str) -> None:
    for shown in re.findall(r"^    parameter_overrides = (\[.*\])$", TEXT[page], re.MULTILINE):
        kept = CONFIG["prod"]["deploy"]["parameters"]["parameter_overrides"]
        assert {*json.loads(shown)} > {*kept}


@pytest.mark.parametrize("page", TEXT)
def test_a_name_with_a_stack_in_it_has_a_stack_of_samconfig(page: str) -> None:
    named = set(re.findall(r"\bbackground-sync-(?:dev|prod|\w*stack\w*)\b", TEXT[page]))
    assert named <= STACKS
