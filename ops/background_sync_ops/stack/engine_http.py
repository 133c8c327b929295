"""The engine's side of HTTP: connections are kept open, because a new one costs as much as the request."""

import io
from http import HTTPStatus
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.debug.tbtools import DebugTraceback
from werkzeug.exceptions import InternalServerError
from werkzeug.test import run_wsgi_app
from werkzeug.wsgi import get_input_stream

from background_sync_ops.stack.loopback import QuietHandler

WITHOUT_BODY = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


class KeepAliveHandler(QuietHandler, MotoRequestHandler):
    """Handles headers as moto does, without a log line per request.

    werkzeug's own handler closes the connection after each response, because an application may leave a
    part of the request unread. This one reads the whole request first, and sends the whole response at once.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle_expect_100(self) -> bool:
        """Ask for the body at once: the client waits for this."""
        go_on = super().handle_expect_100()
        self.wfile.flush()
        return go_on

    def run_wsgi(self) -> None:
        self.environ = environ = self.make_environ()
        body = get_input_stream(environ).read()
        environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        chunks, status, headers = self._answer(environ)
        code, reason = status.split(" ", 1)
        self.send_response(int(code), reason)
        headers.remove("Connection")
        content = b"".join(chunks)
        if "Content-Length" not in headers and int(code) not in WITHOUT_BODY:
            headers["Content-Length"] = str(len(content))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _answer(self, environ: dict[str, Any]) -> Any:
        try:
            return run_wsgi_app(self.server.app, environ, buffered=True)
        except Exception as error:
            traceback = DebugTraceback(error).render_traceback_text()
            self.server.log("error", f"Error on request:\n{traceback}")
            return run_wsgi_app(InternalServerError(), environ, buffered=True)
