"""Reads the translated template, as CloudFormation gets it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from background_sync_ops.stack.template import Template, attributes_read

ROOT = Path(__file__).parents[2]
FUNCTIONS = ["DispatcherFunction", "ReconcilerFunction", "HealthFunction", "MonitorFunction"]
INTAKE_FUNCTIONS = ["IntakeFunction", "RecorderFunction"]
INTAKE = "IntakeIsOn"
TABLES = ["WorkspacesTable", "ContactsTable", "SyncHealthTable"]
MAKES_TABLES = {f"Makes{name}" for name in TABLES}
Properties = dict[str, Any]


def properties(template: Template, *types: str) -> dict[str, Properties]:
    """The properties of all resources of these types, by logical id.

    The stack makes its tables, and has the intake.
    """
    return {name: decided(item["Properties"], True) for name, item in template.of_type(*types).items()}


def decided(tree: Any, makes_tables: bool) -> Any:
    """`tree` without its conditions on who makes the tables: the stack, or somebody before it."""
    if isinstance(tree, list):
        return [decided(branch, makes_tables) for branch in tree]
    if not isinstance(tree, dict):
        return tree
    condition, *ways = tree.get("Fn::If", [""])
    if condition in MAKES_TABLES | {INTAKE}:
        return decided(ways[0 if makes_tables or condition == INTAKE else 1], makes_tables)
    return {name: decided(branch, makes_tables) for name, branch in tree.items()}


def find_intrinsics(tree: Any) -> Iterator[dict[str, Any]]:
    """Every outermost {"Ref": …} or {"Fn::…": …} in `tree`."""
    if isinstance(tree, dict) and any(name == "Ref" or name.startswith("Fn::") for name in tree):
        yield tree
    elif isinstance(tree, dict | list):
        for branch in tree.values() if isinstance(tree, dict) else tree:
            yield from find_intrinsics(branch)


def targets(tree: Any) -> set[str]:
    """The logical ids that `tree` refers to by Ref, Fn::GetAtt or Fn::Sub."""
    refs = {item["Ref"] for item in find_intrinsics(tree) if "Ref" in item}
    return refs | set(attributes_read(tree))


def target(tree: Any) -> str:
    (name,) = targets(tree)
    return name


def statements(template: Template, role: str | None = None) -> Iterator[Properties]:
    """The policy statements of `role`; without it those of all roles, queues and topics."""
    for name, item in properties(template, "AWS::IAM::Role").items():
        if role in (None, name):
            for policy in item["Policies"]:
                yield from policy["PolicyDocument"]["Statement"]
    for item in properties(template, "AWS::IAM::Policy").values():
        if role is None or role in targets(item["Roles"]):
            yield from item["PolicyDocument"]["Statement"]
    if role is None:
        for item in properties(template, "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy").values():
            yield from item["PolicyDocument"]["Statement"]


def as_list(value: Any) -> list[Any]:
    """A policy's Action or Resource as a list: a single one may be written without it."""
    return value if isinstance(value, list) else [value]
