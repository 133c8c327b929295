"""A stack of which only the health API is there, and says what a test wants."""

import json
import os
from pathlib import Path
from typing import Any

from werkzeug.wrappers import Request, Response

from background_sync.status.runbook import GUIDES, runbook_link
from background_sync_ops.stack.loopback import LoopbackServer, listen, url
from background_sync_ops.stack.state import StackInfo, announce
from background_sync_ops.target import NEEDED_OUTPUTS


class HealthStandIn:
    """Announced on `state_dir`; `states` are those of checks that are not pass, `away` has it answer 502."""

    def __init__(self, state_dir: Path) -> None:
        self.states: dict[str, str] = {}
        self.away = False
        self.asked: list[str] = []
        self.state_dir = state_dir
        listener = listen(0)
        here = url(listener)
        self._server = LoopbackServer(self._respond, listener)
        outputs = dict.fromkeys(NEEDED_OUTPUTS, "unused") | {"ApiUrl": here}
        announce(state_dir, StackInfo(os.getpid(), here, here, here, "us-east-1", outputs, 0))

    def _respond(self, request: Request) -> Response:
        self.asked.append(request.full_path.removesuffix("?"))
        status, document = self.answer(request.path)
        return Response(json.dumps(document), status)

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        if self.away:
            return 502, {}
        if path == "/health":
            return 503 if "fail" in self.states.values() else 200, self._report()
        return 200, {"runs": [], "sweeps": [], "summary": None}

    def _report(self) -> dict[str, Any]:
        overall = next((each for each in ("fail", "warn") if each in self.states.values()), "pass")
        return {"status": overall, "checks": {name: [self._check(name)] for name in GUIDES}}

    def _check(self, name: str) -> dict[str, Any]:
        links = {"runbook": runbook_link("docs/operations.md", name)}
        return {"status": self.states.get(name, "pass"), "links": links}

    def close(self) -> None:
        self._server.close()
