"""What boto3's clients alone take: to be made, to read the slim index, and to send messages."""

import os
from functools import cache
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")
sqs = cache(lambda: boto3.client("sqs"))


def handler(event: dict[str, Any], _: object) -> None:
    if "send" in event:
        _send(event["send"])
    else:
        _read(event["workspace_id"])


def _read(workspace_id: str) -> None:
    pages = dynamodb.get_paginator("query").paginate(
        TableName=os.environ["CONTACTS_TABLE"],
        IndexName="by_activity",
        KeyConditionExpression="workspace_id = :id",
        ProjectionExpression="contact_id, activity_at, lead_status, flagged_at, behind_at, reported_at",
        ExpressionAttributeValues={":id": {"S": workspace_id}},
    )
    for _ in pages:
        pass


def _send(messages: list[Any]) -> None:
    for start in range(0, len(messages), 10):
        sqs().send_message_batch(QueueUrl=os.environ["WORK_QUEUE_URL"], Entries=messages[start : start + 10])
