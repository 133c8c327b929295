"""DynamoDB's answers are read as botocore's own parser reads them."""

import json
from typing import Any

import botocore.session
import pytest
from botocore.parsers import ResponseParserFactory

from background_sync.records.parser import Parsers

PLAIN = {"id": {"S": "B"}, "at": {"N": "1.50"}, "list": {"L": [{"M": {"done": {"BOOL": False}}}]}}
BINARY = {**PLAIN, "list": {"L": [{"B": "AP8="}, {"BS": ["AQ==", "Ag=="]}]}}
MODEL = botocore.session.get_session().get_service_model("dynamodb")


def parsed(parsers: ResponseParserFactory, operation: str, status: int, document: object) -> Any:
    response = {
        "body": json.dumps(document, separators=(",", ":")).encode(),
        "headers": {"x-amzn-requestid": "id"},
        "status_code": status,
    }
    shape: Any = MODEL.operation_model(operation).output_shape
    return parsers.create_parser("json").parse(response, shape)


@pytest.mark.parametrize("item", [PLAIN, BINARY])
@pytest.mark.parametrize("name", ["Items", "Item", "Attributes", "Responses"])
def test_every_value_is_the_same(name: str, item: dict[str, Any]) -> None:
    operation = {"Items": "Query", "Item": "GetItem", "Attributes": "UpdateItem", "Responses": "BatchGetItem"}
    shaped = {"Items": [item, item], "Responses": {"table": [item]}}
    document = {name: shaped.get(name, item)}
    answers = [parsed(each, operation[name], 200, document) for each in (Parsers(), ResponseParserFactory())]
    assert answers[0] == answers[1]


def test_an_error_is_the_same() -> None:
    document = {"__type": "com.amazonaws#ConditionalCheckFailedException", "message": "no"}
    answers = [parsed(each, "UpdateItem", 400, document) for each in (Parsers(), ResponseParserFactory())]
    assert answers[0] == answers[1]
    assert answers[0]["Error"]["Code"] == "ConditionalCheckFailedException"


def test_a_table_has_its_times() -> None:
    document = {"Table": {"CreationDateTime": 1_700_000_000.0}}
    answers = [parsed(each, "DescribeTable", 200, document) for each in (Parsers(), ResponseParserFactory())]
    assert answers[0]["Table"]["CreationDateTime"] == answers[1]["Table"]["CreationDateTime"]
