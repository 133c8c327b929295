"""Reads DynamoDB's answers with a fraction of the CPU time of botocore's own parser.

That one walks every value of an answer along the service's model, which changes nothing but binary values.
All others are in the JSON as boto3 returns them.
"""

from typing import Any

from botocore.parsers import JSONParser, ResponseParserFactory

ITEMS = frozenset({"QueryOutput", "ScanOutput", "GetItemOutput", "BatchGetItemOutput", "UpdateItemOutput"})
BINARY = (b'"B"', b'"BS"')


class _ItemsParser(JSONParser):
    def _handle_json_body(self, raw_body: bytes, shape: Any) -> Any:  # noqa: ANN401 - botocore's
        if shape.name in ITEMS and not any(kind in raw_body for kind in BINARY):
            return self._parse_body_as_json(raw_body)  # type: ignore[attr-defined]
        return super()._handle_json_body(raw_body, shape)  # type: ignore[misc]


class Parsers(ResponseParserFactory):
    """Registered with the session of the DynamoDB client."""

    def create_parser(self, protocol_name: str) -> Any:  # noqa: ANN401 - botocore's
        return _ItemsParser() if protocol_name == "json" else super().create_parser(protocol_name)
