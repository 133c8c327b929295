"""What receiving a webhook costs, beside a handler that only sends a message."""

import json
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles
from typing import Any

from background_sync_ops.kapso.sending import signature
from benchmarks.figures import Curve, Row
from benchmarks.stage import BARE, PHONE_ID, Function, Stage

EVENT = Path(__file__).parents[1] / "events" / "intake-webhook.json"
SECRET, WEBHOOKS, TO_REACH = "secret", 500, 1.5


def measured(stage: Stage, **_: bool) -> Iterator[Row | Curve]:
    """The p99 of the processor time of webhooks, each of another message."""
    [name] = stage.workspaces()
    parameter = stage.stack.outputs["SecretParameterPrefix"] + name
    stage.stack.client("ssm").put_parameter(Name=parameter, Value=SECRET, Type="SecureString")
    events = [_webhook(name, number) for number in range(WEBHOOKS)]
    sent = [{"Id": "1", "MessageBody": each["body"], "MessageGroupId": name} for each in events]
    with stage.unmetered():
        with stage.function("IntakeFunction") as intake:
            ours = _p99(stage, intake, events)
        with stage.function(BARE) as bare:
            alone = _p99(stage, bare, [{"send": [each]} for each in sent])
    yield Row(
        figure="p99 of the processor time of a webhook, in that of a handler that only sends it on",
        product=ours / alone,
        to_reach=TO_REACH,
        digits=2,
        remark=f"{ours:.1f} ms, the bare handler {alone:.1f} ms; 50 ms are allowed",
    )


def _webhook(workspace_id: str, number: int) -> dict[str, Any]:
    event = json.loads(EVENT.read_text("utf-8"))
    body = json.loads(event["body"])
    body["message"]["id"], body["phone_number_id"] = f"wamid.{number}", PHONE_ID
    text = json.dumps(body)
    headers = {**event["headers"], "x-webhook-signature": signature(SECRET, text.encode())}
    return {**event, "body": text, "headers": headers, "pathParameters": {"workspace_id": workspace_id}}


def _p99(stage: Stage, function: Function, events: list[dict[str, Any]]) -> float:
    spent = [stage.call(function, each) for each in events]
    if any((each.result or {}).get("statusCode", 200) != 200 for each in spent):
        raise RuntimeError("a webhook was refused")
    return quantiles([each.cpu for each in spent[1:]], n=100)[-1]
