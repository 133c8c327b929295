"""moto without the work that it repeats for each request: half of a request's time."""

from functools import cache
from typing import Any

from moto.core import responses
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import method_names_from_class
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

_serialize_structure = BaseJSONSerializer._serialize_type_structure


class Dispatcher(DomainDispatcherApplication):
    """moto's choice of a service, which looks at each of its folders and tries each of its URL patterns."""

    def __init__(self, create_app: Any) -> None:
        super().__init__(create_app)
        self.get_backend_for_host = cache(self.get_backend_for_host)  # type: ignore[method-assign]


def take_shortcuts() -> None:
    """Change moto in this process."""
    responses.method_names_from_class = cache(method_names_from_class)  # type: ignore[attr-defined]
    BaseJSONSerializer._serialize_type_structure = _serialize_type_structure  # type: ignore[method-assign]


def _serialize_type_structure(
    self: BaseJSONSerializer, serialized: Any, value: Any, shape: Any, key: str
) -> None:
    """A DynamoDB value has one of ten members. moto tries each under all the names that it might have."""
    if shape.name != "AttributeValue" or type(value) is not dict:
        _serialize_structure(self, serialized, value, shape, key)
        return
    members: dict[str, Any] = {}
    for name, content in value.items():
        self._serialize(members, content, shape.members[name], name)
    self._default_serialize(serialized, members, shape, key)
