"""moto without the work that it repeats for each request, half of its time, and with AWS's limit of items."""

import importlib
import pickle
from functools import cache
from typing import Any
from unittest.mock import patch

from boto3 import Session
from moto.core import responses
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import method_names_from_class
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import LimitedSizeDict
from moto.dynamodb.models.utilities import bytesize
from moto.dynamodb.parsing.ast_nodes import Node  # type: ignore[attr-defined]
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.utilities import utils

MAX_ITEM_BYTES = 409_600
SLOWEST_MODULE = "moto.cloudformation.parsing"
_serialize_structure = BaseJSONSerializer._serialize_type_structure


class Dispatcher(DomainDispatcherApplication):
    """moto's choice of a service, which looks at each of its folders and tries each of its URL patterns."""

    def __init__(self, create_app: Any) -> None:
        super().__init__(create_app)
        self.get_backend_for_host = cache(self.get_backend_for_host)  # type: ignore[method-assign]


def take_shortcuts() -> None:
    """Change moto in this process."""
    # moto parses an expression twice, and works on a copy.
    UpdateExpressionParser.make = cache(UpdateExpressionParser.make)
    Node.__deepcopy__ = lambda self, _: pickle.loads(pickle.dumps(self))  # noqa: S301 - moto's own
    responses.method_names_from_class = cache(method_names_from_class)  # type: ignore[attr-defined]
    BaseJSONSerializer._serialize_type_structure = _serialize_type_structure  # type: ignore[method-assign]
    LimitedSizeDict.__setitem__ = _set_within_limit  # type: ignore[method-assign]


def _set_within_limit(self: LimitedSizeDict, name: str, value: Any) -> None:
    """DynamoDB allows 400 KB, and moto 405,000 bytes. moto also counts a value that is replaced."""
    size = sum(bytesize(each) + content.size() for each, content in {**self, name: value}.items())
    if size > MAX_ITEM_BYTES:
        raise ItemSizeTooLarge
    dict.__setitem__(self, name, value)


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


def import_slowest_module() -> None:
    """Import what creates stacks, without the data of EC2, half of the time, which nothing here reads."""
    load, find_regions = utils.load_resource, Session.get_available_regions

    def load_resource(path: str, *more: Any) -> Any:
        return {} if path.startswith("ec2/") else load(path, *more)

    def get_available_regions(self: Session, service_name: str, *more: Any, **options: Any) -> list[str]:
        return [] if service_name == "ec2" else find_regions(self, service_name, *more, **options)

    with (
        patch.object(utils, "load_resource", load_resource),
        patch.object(Session, "get_available_regions", get_available_regions),
    ):
        importlib.import_module(SLOWEST_MODULE)
