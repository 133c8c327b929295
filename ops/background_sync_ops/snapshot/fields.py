"""Leaves out the CRM's own fields that cannot be stored, or that look like secrets.

Each costs itself only. What sync needs is left to the checks of `documents.py`, and costs its line.
"""

import re
from collections.abc import Mapping
from typing import Any

from background_sync_ops.snapshot.values import MAX_DEPTH, TOO_DEEP, BadDocument, Record, Unstorable, kind

TOKEN_FIELDS = frozenset({"meta_access_token", "metaAccessToken"})
"""Kapso's tokens. No table ever gets one."""
SECRET = re.compile("api[_-]?key|token|secret|password", re.IGNORECASE)

Known = Mapping[str, "Known | None"]
"""The fields that sync needs, with the known fields of those that are objects or lists of objects."""


def usable_fields(document: Record, known: Known, *, keep_secrets: bool) -> tuple[Record, list[BadDocument]]:
    """The fields that can be stored, and what is wrong with the others."""
    filter_ = _Filter(keep_secrets)
    return filter_.fields(document, known, "", 1), filter_.left_out


class _Filter:
    def __init__(self, keep_secrets: bool) -> None:
        self.keep_secrets = keep_secrets
        self.left_out: list[BadDocument] = []

    def fields(self, given: Record, known: Known, prefix: str, depth: int) -> Record:
        kept = {}
        for name, value in given.items():
            path = prefix + name
            try:
                if name in known:
                    kept[name] = self._needed(value, known[name], path, depth)
                else:
                    self._require_usable_name(name, value, path)
                    kept[name] = self._storable(value, path, depth)
            except BadDocument as error:
                whole = "" if error.field == path else f"{path} is "
                self.left_out.append(BadDocument(f"{error}: {whole}not stored", error.field, error.kind))
        return kept

    def _needed(self, value: Any, inner: Known | None, path: str, depth: int) -> Any:
        """What sync needs stays as it is, but for the CRM's own fields in it."""
        if inner is not None and isinstance(value, dict):
            return self.fields(value, inner, f"{path}.", depth + 1)
        if inner is not None and isinstance(value, list):
            return [self._needed(each, inner, f"{path}[{at}]", depth + 1) for at, each in enumerate(value)]
        return value

    def _require_usable_name(self, name: str, value: object, path: str) -> None:
        if not name:
            raise BadDocument("the name of a field is empty", path, kind(value))
        _require_unicode(name, path)
        may_be_secret = isinstance(value, str | bytes | list | dict) and value and SECRET.search(name)
        if may_be_secret and (name in TOKEN_FIELDS or not self.keep_secrets):
            raise BadDocument(f"{path} looks like a secret", path, kind(value))

    def _storable(self, value: Any, path: str, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise BadDocument(f"{path} is {TOO_DEEP}", path, kind(value))
        if isinstance(value, Unstorable):
            raise BadDocument(f"{path} is {value.kind}", path, value.kind)
        if isinstance(value, str):
            _require_unicode(value, path)
        if isinstance(value, dict):
            return self.fields(value, {}, f"{path}.", depth + 1)
        if isinstance(value, list):
            return [self._storable(each, f"{path}[{at}]", depth + 1) for at, each in enumerate(value)]
        return value


def _require_unicode(text: str, path: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadDocument(f"{path} is not valid Unicode", path, "text") from None
