"""Fields of Kapso's records, which may be of any type. Errors name the field and never quote it."""

from collections.abc import Mapping

from background_sync.kapso.times import Unreadable, instant


def object_of(value: object, what: str) -> Mapping[str, object]:
    """An object; raises `Unreadable`."""
    if not isinstance(value, Mapping):
        raise Unreadable(f"{what} is no object")
    return value


def text_of(record: Mapping[str, object], name: str) -> str | None:
    """A text, None where it is missing, null or empty; raises `Unreadable`.

    Half a surrogate pair, which JSON can hold and nothing else can write, becomes "?".
    """
    value = record.get(name)
    if value is not None and not isinstance(value, str):
        raise Unreadable(f"{name} is no text")
    return value.encode(errors="replace").decode() if value else None


def time_of(record: Mapping[str, object], name: str) -> int | None:
    """An instant in ms, None where it is missing, null or empty; raises `Unreadable`."""
    try:
        return instant(record.get(name))
    except Unreadable as error:
        raise Unreadable(f"{name} {error}") from None
