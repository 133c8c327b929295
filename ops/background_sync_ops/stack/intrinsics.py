"""CloudFormation's intrinsic functions: found in a template, evaluated by the engine."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

Json = Any
SUB_REFERENCE = re.compile(r"\$\{([^!}][^}]*)\}")


def is_intrinsic(tree: Json) -> bool:
    """Whether `tree` is {"Ref": …} or {"Fn::…": …}."""
    if not isinstance(tree, dict) or len(tree) != 1:
        return False
    name = str(next(iter(tree)))
    return name == "Ref" or name.startswith("Fn::")


def find(tree: Json) -> Iterator[dict[str, Json]]:
    """Every outermost intrinsic in `tree`."""
    if is_intrinsic(tree):
        yield tree
    elif isinstance(tree, dict | list):
        for branch in tree.values() if isinstance(tree, dict) else tree:
            yield from find(branch)


def attributes_read(tree: Json) -> Iterator[str]:
    """Logical ids whose attributes `tree` reads, by Fn::GetAtt or by ${Id.Attribute} in Fn::Sub."""
    return (name.split(".")[0] for name in _names(tree) if "." in name)


def references(tree: Json) -> Iterator[str]:
    """Every logical id and parameter that `tree` refers to."""
    return (name.split(".")[0] for name in _names(tree))


def _names(tree: Json) -> Iterator[str]:
    """What `tree` refers to, as `Id` or `Id.Attribute`."""
    if isinstance(tree, dict):
        if "Ref" in tree:
            yield tree["Ref"]
        if attribute := tree.get("Fn::GetAtt"):
            yield attribute if isinstance(attribute, str) else ".".join(attribute)
        if text := tree.get("Fn::Sub"):
            yield from SUB_REFERENCE.findall(text if isinstance(text, str) else text[0])
    if isinstance(tree, dict | list):
        for branch in tree.values() if isinstance(tree, dict) else tree:
            yield from _names(branch)


class EngineEvaluator:
    """Has the engine evaluate intrinsics: each becomes one more output of the stack.

    So the local stack uses the same values as the resources themselves.
    """

    def __init__(self) -> None:
        self._output_names: dict[tuple[str, str | None], str] = {}
        self._values: Mapping[str, str] = {}

    def add(self, tree: Json, condition: str | None = None) -> None:
        """Adds every intrinsic in `tree`, which belongs to a resource with this condition."""
        for intrinsic in find(tree):
            self._output_names.setdefault(_key(intrinsic, condition), f"Value{len(self._output_names)}")

    def as_outputs(self) -> dict[str, Json]:
        """The intrinsics, as the Outputs section of a template."""
        # Each output has the condition of its resource, without which what it refers to may not exist.
        return {
            name: {"Value": json.loads(text)} | ({"Condition": condition} if condition else {})
            for (text, condition), name in self._output_names.items()
        }

    def read(self, outputs: Mapping[str, str]) -> None:
        """Takes the values from the stack's outputs."""
        self._values = outputs

    def resolved(self, tree: Json, condition: str | None = None) -> Json:
        """`tree` with each intrinsic replaced by its value."""
        if is_intrinsic(tree):
            return self._values[self._output_names[_key(tree, condition)]]
        if isinstance(tree, dict):
            return {name: self.resolved(branch, condition) for name, branch in tree.items()}
        return [self.resolved(branch, condition) for branch in tree] if isinstance(tree, list) else tree


def _key(intrinsic: dict[str, Json], condition: str | None) -> tuple[str, str | None]:
    return json.dumps(intrinsic, sort_keys=True), condition
