"""Does what the event says: {"do": command, …}. Each message of a batch is an order too."""

import json
import os
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import boto3
import tiny_layer  # type: ignore[import-not-found]

CALLS = {"count": 0}


def handler(event: dict[str, Any], context: Any) -> Any:
    CALLS["count"] += 1
    if "Records" in event:
        return batch(event["Records"])
    command = event.get("do", "echo")
    return echo(event, context) if command == "echo" else COMMANDS[command](event)


def echo(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return {
        "event": event,
        "calls": CALLS["count"],
        "pid": os.getpid(),
        "environment": dict(os.environ),
        "layer": tiny_layer.NAME,
        "remaining_ms": context.get_remaining_time_in_millis(),
        "arn": context.invoked_function_arn,
        "request_id": context.aws_request_id,
    }


def fail(event: dict[str, Any]) -> None:
    raise RuntimeError(event["why"])


def leave(event: dict[str, Any]) -> None:
    sys.exit(event["status"])


def abort(_: dict[str, Any]) -> None:
    os.abort()


def sleep(event: dict[str, Any]) -> None:
    time.sleep(event["seconds"])


def say(event: dict[str, Any]) -> None:
    sys.stdout.write(event["what"] + "\n")


def find(event: dict[str, Any]) -> str | None:
    spec = find_spec(event["module"])
    return spec.origin if spec else None


def invoke_myself(event: dict[str, Any]) -> None:
    boto3.client("lambda").invoke(
        FunctionName=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        InvocationType="Event",
        Payload=json.dumps(event["then"]),
    )


COMMANDS = {
    "fail": fail,
    "leave": leave,
    "abort": abort,
    "sleep": sleep,
    "say": say,
    "find": find,
    "invoke myself": invoke_myself,
}


def batch(records: list[dict[str, Any]]) -> Any:
    failed = [record["messageId"] for record in records if not succeeds(record)]
    return {"batchItemFailures": [{"itemIdentifier": item} for item in failed]}


def succeeds(record: dict[str, Any]) -> bool:
    order = json.loads(record["body"])
    match order:
        case {"wait for": path}:
            while not Path(path).exists():
                time.sleep(0.02)
        case "raise":
            raise RuntimeError("the whole batch fails")
        case "report another message":
            record["messageId"] = "not of this batch"
        case "make visible":
            boto3.client("sqs").change_message_visibility(
                QueueUrl=os.environ["JOBS_URL"], ReceiptHandle=record["receiptHandle"], VisibilityTimeout=0
            )
    return order not in ("fail", "make visible", "report another message")
