"""JSON as Convex exports it, and values as DynamoDB keeps them.

Numbers become exact: int where they are whole, else Decimal. Convex wraps what JSON cannot say in an object
with one key: `{"$integer": base64}`, `{"$float": base64}`, `{"$bytes": base64}`.
"""

import base64
import json
import math
import struct
from collections.abc import Callable, Iterable, Mapping
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Underflow
from typing import Any

Record = dict[str, Any]
"""The attributes of one item as str, int, Decimal, bool, None, bytes, list and dict."""

MAX_ITEM_BYTES = 400 * 1024
HEADROOM_BYTES = 1024
"""Kept free of an item: its size is an estimate, and the first flag must still fit."""
MAX_DEPTH = 32
MAX_DIGITS = 38
WORD_BYTES = 8
_NUMBERS = Context(prec=MAX_DIGITS, Emin=-128, Emax=126, traps=[Clamped, Inexact, Overflow, Underflow])


class BadDocument(ValueError):
    """A line that cannot be loaded; says why without showing any of its values."""


def parse(line: bytes) -> Record:
    """One line's document; raises `BadDocument`."""
    try:
        document = json.loads(
            line.decode("utf-8-sig"),
            object_hook=_unwrapped,
            parse_int=_number,
            parse_float=_number,
            parse_constant=_no_number,
        )
    except UnicodeDecodeError:
        raise BadDocument("not UTF-8") from None
    except json.JSONDecodeError as error:
        raise BadDocument(f"no JSON: {error.msg} at column {error.colno}") from None
    except RecursionError:
        raise BadDocument(f"nested deeper than {MAX_DEPTH} levels") from None
    if not isinstance(document, dict):
        raise BadDocument(f"{kind(document)}, not an object")
    return document


def canonical(number: Decimal) -> int | Decimal:
    """The same number, in the one form in which it is compared and written."""
    shortest = number.normalize(_NUMBERS)
    is_whole = shortest == shortest.to_integral_value()
    return int(shortest) if is_whole and shortest.adjusted() < MAX_DIGITS else shortest


def _number(text: str) -> int | Decimal:
    try:
        return canonical(_NUMBERS.create_decimal(text))
    except ArithmeticError:
        raise BadDocument("a number that DynamoDB cannot hold (38 digits, from 1E-128 to 1E+126)") from None


def _no_number(name: str) -> object:
    raise BadDocument(f"no JSON: {name}")


def _integer(data: bytes) -> object:
    return int.from_bytes(data, "little", signed=True)


def _float(data: bytes) -> object:
    (number,) = struct.unpack("<d", data)
    if not math.isfinite(number):
        raise BadDocument("a number that is not finite")
    return _number(repr(number))


_WRAPPED: Mapping[str, Callable[[bytes], object]] = {"$integer": _integer, "$float": _float, "$bytes": bytes}


def _unwrapped(found: Record) -> object:
    if len(found) != 1:
        return found
    ((name, value),) = found.items()
    return _unwrap(name, value) if name in _WRAPPED else found


def _unwrap(name: str, value: object) -> object:
    try:
        data = base64.b64decode(value, validate=True) if isinstance(value, str) else None
    except ValueError:
        data = None
    if data is None or (name != "$bytes" and len(data) != WORD_BYTES):
        raise BadDocument(f"{name} without its value")
    return _WRAPPED[name](data)


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"),
    ((int, float, Decimal), "a number"),
    (str, "a text"),
    (list, "a list"),
    (dict, "an object"),
    (type(None), "null"),
)


def kind(value: object) -> str:
    """What a value is, in words for a reason."""
    return next((name for types, name in _KINDS if isinstance(value, types)), "binary data")


def same(one: object, other: object) -> bool:
    """Whether DynamoDB would keep both alike; Python takes True for 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def require_storable(record: Record) -> None:
    """Raise `BadDocument` for what DynamoDB would refuse: too large, too deep, an empty name, no Unicode."""
    try:
        size = sum(_named_size(name, value, 1) for name, value in record.items())
    except UnicodeEncodeError:
        raise BadDocument("a text that is not Unicode") from None
    if size > MAX_ITEM_BYTES - HEADROOM_BYTES:
        raise BadDocument(f"over 400 KB as an item of DynamoDB (about {math.ceil(size / 1024)} KB)")


def _named_size(name: str, value: object, depth: int) -> int:
    if not name:
        raise BadDocument("a field without a name")
    return len(name.encode()) + _size(value, depth)


def _size(value: object, depth: int) -> int:
    """Bytes by DynamoDB's rules."""
    if depth > MAX_DEPTH:
        raise BadDocument(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, str):
        return len(value.encode())
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, int | Decimal):
        return _number_size(value)
    if isinstance(value, dict):
        return 3 + sum(1 + _named_size(name, each, depth + 1) for name, each in value.items())
    if isinstance(value, list | set):
        return 3 + _sizes(value, depth + 1)
    return len(bytes(value))  # type: ignore[call-overload]


def _sizes(values: Iterable[object], depth: int) -> int:
    return sum(1 + _size(each, depth) for each in values)


def _number_size(number: int | Decimal) -> int:
    """A byte for two significant digits, one more, and one for a sign."""
    digits = len(Decimal(number).normalize(_NUMBERS).as_tuple().digits)
    return (digits + 1) // 2 + 1 + (number < 0)
