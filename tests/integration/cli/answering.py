"""A stack of which only the health API is there, and says what a test wants."""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from background_sync.runbook import GUIDES, runbook_link
from background_sync_ops.stack.state import StackInfo, announce
from background_sync_ops.target import NEEDED_OUTPUTS


class HealthStandIn:
    """Announced on `state_dir`; `states` are those of checks that are not pass, `away` has it answer 502."""

    def __init__(self, state_dir: Path) -> None:
        self.states: dict[str, str] = {}
        self.away = False
        self.asked: list[str] = []
        self.state_dir = state_dir
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                stand_in.asked.append(self.path)
                status, document = stand_in.answer(self.path)
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        url = f"http://127.0.0.1:{self._server.server_port}"
        outputs = dict.fromkeys(NEEDED_OUTPUTS, "unused") | {"ApiUrl": url}
        announce(state_dir, StackInfo(os.getpid(), url, url, url, "us-east-1", outputs, 0))

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
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
