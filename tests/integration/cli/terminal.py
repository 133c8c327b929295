"""`background-sync` on a terminal of its own, with a keyboard."""

import os
import pty
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path
from select import select

from tests.integration.cli.running import DEADLINE_S, environment, until

ROWS, COLUMNS = 16, 80
CODE = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from background_sync_ops.cli import main
main()
"""


class Terminal:
    def __init__(self, folder: Path, *arguments: str) -> None:
        self._keyboard, screen = pty.openpty()
        termios.tcsetwinsize(screen, (ROWS, COLUMNS))
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", CODE, *arguments],
            cwd=folder,
            env=environment(TERM="xterm", LINES=str(ROWS)),
            stdin=screen,
            stdout=screen,
            stderr=screen,
            start_new_session=True,
        )
        os.close(screen)
        self._written = b""

    @property
    def written(self) -> str:
        """Everything that the command wrote so far, with control sequences."""
        while select([self._keyboard], [], [], 0)[0] and self._read():
            pass
        return self._written.decode()

    def _read(self) -> bool:
        more = b""
        # At the end of a terminal, Linux raises an error instead of returning nothing.
        with suppress(OSError):
            more = os.read(self._keyboard, 65536)
        self._written += more
        return bool(more)

    def until_written(self, text: str) -> None:
        until(lambda: text in self.written, text)

    def ended(self) -> int:
        """The exit status. Reads meanwhile, because a command blocks when the terminal's buffer is full."""
        until(lambda: self.written is not None and self.process.poll() is not None, "its end")
        return self.process.wait(DEADLINE_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE_S)
        os.close(self._keyboard)
