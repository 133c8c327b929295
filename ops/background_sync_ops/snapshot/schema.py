"""`generated_schema.jsonl`: how the values of a table were written.

Exports before 2026-03-10 write an int64, binary data, NaN and the infinities as text. The first line of the
schema is the shape of the table, which says what a text stands for:

    "{\"_id\": id<10>, \"seats\"?: int64 | null, \"tags\": array<string>, \"extra\": record<string, bytes>}"

Where the shape allows several kinds, each further line says it for one document: `{ID: {"seats": "int64"}}`.
Later exports have the line "uniform": their values are what they look like.
"""

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any

from background_sync_ops.snapshot.values import INFINITE, NAN, Record, Unstorable

UNIFORM = "uniform"
INFER = "infer"
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|id<[0-9]+>|[\w-]+|[{}<>?:,|]')
# What a text may stand for, by the kinds of the shape. Ids and single texts are read as strings.
_AS_TEXT: Mapping[str, tuple[str, ...]] = {
    "int64": ("int64",),
    "bytes": ("bytes",),
    "inf": ("float64inf",),
    "-inf": ("float64inf",),
    "NaN": ("nan", "float64inf"),
    "float64": ("nan", "float64inf"),
    "string": (INFER,),
    "field_name": (INFER,),
    "unknown": (INFER, "nan", "float64inf", "int64", "bytes"),
}
_NEVER_TEXT = ["never", "null", "normalfloat64", "-0", "boolean", "array", "set", "map", "record"]
_KINDS = frozenset((*_AS_TEXT, *_NEVER_TEXT))


class BadSchema(ValueError):
    """A schema cannot be read."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of the kinds that a value may have, with the shapes of what is in it."""

    kind: str
    element: "Shape" = ()
    fields: "Mapping[str, Shape]" = field(default_factory=dict)
    rest: "Shape" = ()

    def elements(self) -> "Shape":
        return (self,) if self.kind == "unknown" else self.element

    def under(self, name: str) -> "Shape":
        return (self,) if self.kind == "unknown" else self.fields.get(name, self.rest)


Shape = tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """The shape of a table's documents, and what `contexts` add to it by the documents' ids."""

    shape: Shape
    contexts: Mapping[str, object]

    def read(self, document: Record) -> Record:
        """The document with the values that its texts stand for."""
        context = self.contexts.get(str(document.get("_id")), INFER)
        return {name: _read(document[name], *_under(self.shape, context, name)) for name in document}


def read_schema(lines: Iterable[bytes]) -> Schema | None:
    """The schema of a table, None if its values are what they look like; raises `BadSchema`.

    `lines` are those of its file that are not blank.
    """
    try:
        read = map(json.loads, lines)
        shape = next(read, UNIFORM)
        if shape == UNIFORM:
            return None
        contexts: dict[str, object] = {}
        # Most documents have one of a few contexts: each is kept once.
        known: dict[str, object] = {}
        for document_id, context in (pair for each in read for pair in each.items()):
            contexts[document_id] = known.setdefault(json.dumps(context), context)
        return Schema(_Reader(shape).whole(), contexts)
    except (ValueError, TypeError, AttributeError, IndexError, RecursionError):
        raise BadSchema from None


class _Reader:
    """Reads a shape as Convex prints it."""

    def __init__(self, text: str) -> None:
        if _TOKEN.sub("", text).strip():
            raise BadSchema
        self._tokens = _TOKEN.findall(text)
        self._tokens.reverse()

    def whole(self) -> Shape:
        shape = self._union()
        if self._tokens:
            raise BadSchema
        return shape

    def _union(self) -> Shape:
        options = [self._option()]
        while self._next_is("|"):
            options.append(self._option())
        return tuple(options)

    def _option(self) -> Option:
        kind = self._tokens.pop()
        if kind == "{":
            return Option("object", fields=dict(self._fields()))
        kind = "string" if kind.startswith(('"', "id<")) else kind
        if kind not in _KINDS:
            raise BadSchema
        inner = list(self._parts()) if self._next_is("<") else []
        if kind == "array":
            return Option(kind, element=inner[0])
        return Option(kind, rest=inner[1]) if kind == "record" else Option(kind)

    def _parts(self) -> Iterator[Shape]:
        yield self._union()
        while self._next_is(","):
            yield self._union()
        self._require(">")

    def _fields(self) -> Iterator[tuple[str, Shape]]:
        while not self._next_is("}"):
            name = json.loads(self._tokens.pop())
            self._next_is("?")
            self._require(":")
            yield name, self._union()
            self._next_is(",")

    def _next_is(self, token: str) -> bool:
        """Whether the next token is this one, which is then read."""
        found = bool(self._tokens) and self._tokens[-1] == token
        if found:
            self._tokens.pop()
        return found

    def _require(self, token: str) -> None:
        if not self._next_is(token):
            raise BadSchema


def _read(value: Any, shape: Shape, context: object) -> Any:
    if isinstance(value, str):
        how = _meaning(shape) if context == INFER else context if isinstance(context, str) else "nan"
        return _READ.get(how, str)(value)
    if isinstance(value, list):
        inner = tuple(each for option in shape for each in option.elements())
        contexts = chain(context if isinstance(context, list) else (), repeat(INFER))
        return [_read(each, inner, its) for each, its in zip(value, contexts, strict=False)]
    if isinstance(value, dict):
        return {name: _read(value[name], *_under(shape, context, name)) for name in value}
    return value


def _under(shape: Shape, context: object, name: str) -> tuple[Shape, object]:
    """The shape and the context of a field."""
    inner = tuple(each for option in shape for each in option.under(name))
    return inner, context.get(name, INFER) if isinstance(context, dict) else INFER


def _meaning(shape: Shape) -> str:
    """What a text stands for; where the shape allows several, it is text."""
    found = {each for option in shape for each in _AS_TEXT.get(option.kind, ())}
    return found.pop() if len(found) == 1 else INFER


def _int64(text: str) -> object:
    return int(text) if _INT64.fullmatch(text) else Unstorable("text that is not the int64 of its schema")


def _bytes(text: str) -> object:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return Unstorable("text that is not the base64 of its schema")


_INT64 = re.compile("-?[0-9]{1,19}")
_READ: Mapping[str, Callable[[str], object]] = {
    "int64": _int64,
    "bytes": _bytes,
    "float64inf": lambda _: INFINITE,
    "nan": lambda _: NAN,
}
