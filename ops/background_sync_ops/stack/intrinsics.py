"""CloudFormation's intrinsic functions inside a template, to be worked out by the engine.

Nothing is worked out here: each intrinsic is asked of the engine as one more output of the stack, so the
values that the local stack runs on are those that the resources themselves got.
"""

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
    """Logical ids of which `tree` reads an attribute (Fn::GetAtt, or ${Id.Attribute} in Fn::Sub)."""
    return (name.split(".")[0] for name in _names(tree) if "." in name)


def references(tree: Json) -> Iterator[str]:
    """Logical ids and parameters that `tree` names in whatever way."""
    return (name.split(".")[0] for name in _names(tree))


def _names(tree: Json) -> Iterator[str]:
    """What `tree` refers to, as `Id` or `Id.Attribute`."""
    if isinstance(tree, list):
        for branch in tree:
            yield from _names(branch)
    elif isinstance(tree, dict):
        yield from _named_here(tree)
        yield from _names(list(tree.values()))


def _named_here(tree: dict[str, Json]) -> Iterator[str]:
    if "Ref" in tree:
        yield tree["Ref"]
    if attribute := tree.get("Fn::GetAtt"):
        yield attribute if isinstance(attribute, str) else ".".join(attribute)
    if text := tree.get("Fn::Sub"):
        yield from SUB_REFERENCE.findall(text if isinstance(text, str) else text[0])


class Questions:
    """Intrinsics to be asked of the engine, and its answers.

    An intrinsic of a conditional resource is asked under that resource's condition, for what it refers to may
    not exist otherwise.
    """

    def __init__(self) -> None:
        self._names: dict[tuple[str, str | None], str] = {}
        self._answers: Mapping[str, str] = {}

    def ask(self, tree: Json, condition: str | None = None) -> None:
        """Notes every intrinsic in `tree`."""
        for intrinsic in find(tree):
            self._names.setdefault((_text(intrinsic), condition), f"Question{len(self._names)}")

    def as_outputs(self) -> dict[str, Json]:
        """The questions, as the Outputs section of a template."""
        return {
            name: {"Value": json.loads(text)} | ({"Condition": condition} if condition else {})
            for (text, condition), name in self._names.items()
        }

    def answer(self, outputs: Mapping[str, str]) -> None:
        """Takes the stack's outputs."""
        self._answers = outputs

    def resolved(self, tree: Json, condition: str | None = None) -> Json:
        """`tree` with the answer in the place of each intrinsic."""
        if is_intrinsic(tree):
            return self._answers[self._names[_text(tree), condition]]
        if isinstance(tree, dict):
            return {name: self.resolved(branch, condition) for name, branch in tree.items()}
        return [self.resolved(branch, condition) for branch in tree] if isinstance(tree, list) else tree


def _text(intrinsic: dict[str, Json]) -> str:
    return json.dumps(intrinsic, sort_keys=True)
