"""The fields that we know of an object, in camelCase or snake_case."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from background_sync_ops.snapshot.fields import Known
from background_sync_ops.snapshot.values import Record

Check = Callable[[str, object], object | None]
"""Takes a field's name and value; returns the value to keep, or None if it counts as missing.

Raises `BadDocument`.
"""


@dataclass(frozen=True)
class Shape:
    """The fields that we know of an object. `reserved` names are kept with `convex_` before them."""

    checks: Mapping[str, Check]
    reserved: Collection[str] = ()
    keeps_null: bool = False
    inner: Mapping[str, "Shape"] = field(default_factory=dict)

    @cached_property
    def known(self) -> Known:
        """The fields of `checks` in each spelling. Those of `inner` hold objects with known fields."""
        spelled = {**{name: name for name in self.checks}, **self._names}
        return {
            spelling: self.inner[name].known if name in self.inner else None
            for spelling, name in spelled.items()
        }

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """The names by their camelCase spellings, where those differ."""
        spellings = {camel_case(name): name for name in self.checks}
        return {spelling: name for spelling, name in spellings.items() if spelling != name}

    def read(self, given: Record, prefix: str = "") -> Record:
        """The fields by our names, checked. `prefix` stands before a field's name in errors."""
        record: Record = {}
        # camelCase comes last, so that it wins.
        for spelling in sorted(given, key=self._names.__contains__):
            name = self._names.get(spelling, spelling)
            name = f"convex_{name}" if name in self.reserved else name
            value, check = given[spelling], self.checks.get(name)
            if value is not None and check is not None:
                value = check(prefix + spelling, value)
            if value is not None or (self.keeps_null and check is None):
                record[name] = value
        return record


def camel_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])_([a-z])", lambda match: match[1].upper(), name)
