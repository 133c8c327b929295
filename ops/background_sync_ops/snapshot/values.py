"""JSON as Convex exports it, and values as DynamoDB stores them.

Numbers are exact: int for integers, Decimal for all others. Convex wraps values that JSON does not have in an
object with one key: `{"$integer": base64}`, `{"$float": base64}`, `{"$bytes": base64}`.
"""

import base64
import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Underflow
from typing import Any, TypeVar

T = TypeVar("T")
Record = dict[str, Any]
"""The attributes of one item as str, int, Decimal, bool, None, bytes, list and dict."""

MAX_ITEM_BYTES = 400 * 1024
HEADROOM_BYTES = 1024
"""Kept free in every item: the size is an estimate, and there must be room for the first flag."""
MAX_SIZE = MAX_ITEM_BYTES - HEADROOM_BYTES
MAX_DEPTH = 32
TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"
MAX_DIGITS = 38
# The range of DynamoDB's numbers. A number that does not fit raises instead of being rounded.
_NUMBERS = Context(prec=MAX_DIGITS, Emin=-128, Emax=126, traps=[Clamped, Inexact, Overflow, Underflow])
_LAYOUTS: Mapping[str, str | None] = {"$integer": "<q", "$float": "<d", "$bytes": None}
"""How `struct` unpacks the wrapped values; bytes stay as they are."""
_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    # bool comes first, because it is a subclass of int.
    (bool, "true or false"),
    ((int, float, Decimal), "a number"),
    (str, "text"),
    (list, "a list"),
    (dict, "an object"),
    (type(None), "null"),
)


class BadDocument(ValueError):
    """A line cannot be loaded. The message says why, and shows none of its values: one may be a token.

    `field` and `kind` are the field and the kind of its value, if it is one field's fault.
    """

    def __init__(self, reason: str, field: str = "", kind: str = "") -> None:
        super().__init__(reason)
        self.field, self.kind = field, kind


@dataclass(frozen=True, slots=True)
class Unstorable:
    """Stands for a value that DynamoDB cannot store, and says which kind of value it is."""

    kind: str


NAN = Unstorable("NaN")
INFINITE = Unstorable("an infinite number")
OUT_OF_RANGE = Unstorable("a number outside DynamoDB's range (38 digits, from 1E-128 to 1E+126)")


def parse(line: bytes) -> Record:
    """The document of one line, with an `Unstorable` for each value that is none; raises `BadDocument`."""
    try:
        document = json.loads(
            line.decode("utf-8-sig"),
            object_hook=_unwrap,
            parse_int=_number,
            parse_float=_number,
            parse_constant=_number,
        )
    except UnicodeDecodeError:
        raise BadDocument("not UTF-8") from None
    except json.JSONDecodeError as error:
        raise BadDocument(f"not JSON: {error.msg} at column {error.colno}") from None
    except RecursionError:
        raise BadDocument(TOO_DEEP) from None
    return require_type("the document", document, dict)


def kind(value: object) -> str:
    """The kind of a value, as error messages name it."""
    if isinstance(value, Unstorable):
        return value.kind
    return next((name for types, name in _KINDS if isinstance(value, types)), "binary data")


def require_type(name: str, value: object, wanted: type[T]) -> T:
    """The value, if it is of the wanted type; raises `BadDocument`."""
    if not isinstance(value, wanted):
        raise wrong(name, value, kind(wanted()))
    return value


def _number(text: str) -> int | Decimal | Unstorable:
    """A number in the one form in which numbers are compared and written."""
    try:
        number = _NUMBERS.create_decimal(text).normalize(_NUMBERS)
    except ArithmeticError:
        return OUT_OF_RANGE
    if not number.is_finite():
        return NAN if number.is_nan() else INFINITE
    is_integer = number == number.to_integral_value()
    return int(number) if is_integer and number.adjusted() < MAX_DIGITS else number


def _unwrap(found: Record) -> object:
    name = next(iter(found), "")
    if len(found) != 1 or name not in _LAYOUTS:
        return found
    layout = _LAYOUTS[name]
    try:
        data = base64.b64decode(found[name], validate=True)
        value = data if layout is None else struct.unpack(layout, data)[0]
    except (ValueError, TypeError, struct.error):
        return Unstorable(f"{name} that is not base64" + ("" if layout is None else " of 8 bytes"))
    return _number(repr(value)) if isinstance(value, float) else value


def same(one: object, other: object) -> bool:
    """Whether DynamoDB would store both alike. For Python, True equals 1; for DynamoDB it does not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def wrong(name: str, value: object, expected: str) -> BadDocument:
    return BadDocument(f"{name} is {kind(value)}, expected {expected}", name, kind(value))


def require_storable(record: Record) -> None:
    """Raise `BadDocument` for what DynamoDB would reject: too large, too deep, empty names, not Unicode."""
    size = sum(field_sizes(record).values())
    if size > MAX_SIZE:
        raise BadDocument(f"larger than 400 KB as a DynamoDB item (about {math.ceil(size / 1024)} KB)")


def field_sizes(record: Record) -> dict[str, int]:
    """The bytes of each field by DynamoDB's rules; raises `BadDocument`."""
    return {name: _field_size(name, value) for name, value in record.items()}


def _field_size(name: str, value: object) -> int:
    try:
        return _named_size(name, value, 1)
    except UnicodeEncodeError:
        raise BadDocument(f"{name} is not valid Unicode", name, "text") from None


def _named_size(name: str, value: object, depth: int) -> int:
    if not name:
        raise BadDocument("the name of a field is empty")
    return len(name.encode()) + _size(value, depth)


def _size(value: object, depth: int) -> int:
    """The bytes of a value by DynamoDB's rules."""
    if depth > MAX_DEPTH:
        raise BadDocument(TOO_DEEP)
    if isinstance(value, str):
        return len(value.encode())
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, int | Decimal):
        # One byte for two significant digits, one more, and one for a minus sign.
        digits = len(Decimal(value).normalize(_NUMBERS).as_tuple().digits)
        return (digits + 1) // 2 + 1 + (value < 0)
    if isinstance(value, dict):
        return 3 + sum(1 + _named_size(name, each, depth + 1) for name, each in value.items())
    if isinstance(value, list | set):
        return 3 + sum(1 + _size(each, depth + 1) for each in value)
    return len(bytes(value))  # type: ignore[call-overload]
