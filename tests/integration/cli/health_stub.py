"""A local stack that consists of a health API only, with prepared answers."""

import json
import os
from pathlib import Path
from typing import Any

from werkzeug.wrappers import Request, Response

from background_sync.status.runbook import GUIDES, runbook_link
from background_sync_ops.stack.loopback import LoopbackServer, listen, url
from background_sync_ops.stack.state import StackInfo, announce
from background_sync_ops.target import NEEDED_OUTPUTS


class HealthStub:
    """Commands find it by `state_dir`.

    `states` are the states of the checks that do not pass, and `dead_letters` what SQS answers. If `away` is
    true, every answer is 502.
    """

    def __init__(self, state_dir: Path) -> None:
        self.states: dict[str, str] = {}
        self.away = False
        self.dead_letters = 0
        self.requests: list[str] = []
        self.state_dir = state_dir
        listener = listen(0)
        address = url(listener)
        self._server = LoopbackServer(self._respond, listener)
        outputs = dict.fromkeys(NEEDED_OUTPUTS, "unused") | {"ApiUrl": address}
        announce(state_dir, StackInfo(os.getpid(), address, address, address, "us-east-1", outputs, 0))

    def _respond(self, request: Request) -> Response:
        if request.method == "POST":  # to SQS
            return Response(
                json.dumps({"Attributes": {"ApproximateNumberOfMessages": str(self.dead_letters)}})
            )
        self.requests.append(request.full_path.removesuffix("?"))
        if self.away:
            return Response("{}", 502)
        if request.path == "/health":
            report = self._report()
            return Response(json.dumps(report), 503 if report["status"] == "fail" else 200)
        return Response(json.dumps({"runs": [], "sweeps": [], "summary": None}))

    def _report(self) -> dict[str, Any]:
        overall = next((each for each in ("fail", "warn") if each in self.states.values()), "pass")
        return {"status": overall, "checks": {name: [self._check(name)] for name in GUIDES}}

    def _check(self, name: str) -> dict[str, Any]:
        links = {"runbook": runbook_link("docs/operations.md", name)}
        return {"status": self.states.get(name, "pass"), "links": links}

    def close(self) -> None:
        self._server.close()
