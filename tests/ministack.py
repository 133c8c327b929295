"""MiniStack in the place of the local engine, for `make conformance`: stricter, and by other authors."""

import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from background_sync_ops.stack.clients import ACCOUNT_ID, LocalClients
from background_sync_ops.stack.loopback import HOST, listen
from background_sync_ops.stack.provision import Provisioned
from background_sync_ops.stack.template import TABLE

PROGRAM = Path(__file__).parents[1] / ".tools" / "ministack" / "bin" / "ministack"
# It ends when its stdin does, so it never outlives its parent.
START = 'exec 3<&0; "$0" & { read -r _ <&3; kill -9 $!; } & wait %1'


def use_ministack(patch: pytest.MonkeyPatch) -> None:
    """Every local stack of this process runs on MiniStack."""
    patch.setattr("background_sync_ops.stack.stack.Engine", MiniStack)
    patch.setattr("background_sync_ops.stack.provision._set_times_to_live", _remove_times_to_live)


def _remove_times_to_live(provisioned: Provisioned, aws: LocalClients) -> None:
    # MiniStack deletes expired items once a minute, by the time of day. Tests have a time of their own.
    for logical_id, properties in provisioned.properties(TABLE).items():
        if setting := properties.get("TimeToLiveSpecification"):
            aws.client("dynamodb").update_time_to_live(
                TableName=provisioned.physical_ids[logical_id],
                TimeToLiveSpecification={"AttributeName": setting["AttributeName"], "Enabled": False},
            )


class MiniStack:
    """A running engine, with the interface of `Engine`. Invocations are not forwarded to `invoke_url`."""

    def __init__(self, port: int, log_path: Path, invoke_url: str = "") -> None:  # noqa: ARG002
        with listen(port) as listener:
            self._url = f"http://{HOST}:{listener.getsockname()[1]}"
        environment = {
            "PATH": os.environ["PATH"],
            "BIND_HOST": HOST,
            "MINISTACK_HOST": HOST,
            "GATEWAY_PORT": self._url.rpartition(":")[2],
            "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
            "LOG_LEVEL": "WARNING",
        }
        with log_path.open("wb") as log:
            self._process = subprocess.Popen(
                ["/usr/bin/env", "bash", "-c", START, PROGRAM],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )

    def wait_until_ready(self) -> str:
        """The URL at which the engine answers."""
        while self._process.poll() is None:
            with suppress(URLError), urlopen(f"{self._url}/_ministack/health"):  # noqa: S310 - loopback
                return self._url
            time.sleep(0.05)
        raise AssertionError(f"MiniStack ended with {self._process.returncode}")

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        """End the process, and wait for it. Its data is lost."""
        self._process.communicate()
