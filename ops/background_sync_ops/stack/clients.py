"""AWS clients for the local stack. They use dummy credentials and ignore the operator's AWS configuration."""

import os
import threading
from typing import TYPE_CHECKING, Any, Literal, overload
from urllib.request import getproxies_environment

import boto3
import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

REGION = "us-east-1"
# The engine's default account.
ACCOUNT_ID = "123456789012"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_SESSION_TOKEN": "local",
}
CONFIG = Config(
    region_name=REGION,
    # The operator's proxy would send requests for 127.0.0.1 to another machine.
    proxies={},
    use_fips_endpoint=False,
    use_dualstack_endpoint=False,
    # An invocation may take Lambda's 15 minutes.
    read_timeout=960,
    retries={"mode": "standard", "max_attempts": 3},
    max_pool_connections=32,
)


def no_proxy() -> dict[str, str]:
    """`NO_PROXY` of the operator, with this machine added: only other hosts are reached through a proxy."""
    known = getproxies_environment().get("no", "")
    hosts = known if known == "*" else ",".join(filter(None, (known, "127.0.0.1", "localhost")))
    return {"NO_PROXY": hosts, "no_proxy": hosts}


def session() -> boto3.Session:
    """A session that reads neither ~/.aws nor AWS_PROFILE."""
    isolated = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    isolated.set_credentials(*CREDENTIALS.values())
    return boto3.Session(botocore_session=isolated, region_name=REGION)


class LocalClients:
    """One client per service, created on first use. Threads may share them."""

    def __init__(self, endpoint_url: str, invoke_url: str) -> None:
        """`invoke_url` is the endpoint of Lambda, `endpoint_url` that of every other service."""
        self._endpoint_url = endpoint_url
        self._invoke_url = invoke_url
        self._session = session()
        self._clients: dict[str, Any] = {}
        # A boto3 session must not create clients in several threads at once.
        self._lock = threading.Lock()

    @overload
    def client(self, service: Literal["cloudformation"]) -> "CloudFormationClient": ...
    @overload
    def client(self, service: Literal["dynamodb"]) -> "DynamoDBClient": ...
    @overload
    def client(self, service: Literal["lambda"]) -> "LambdaClient": ...
    @overload
    def client(self, service: Literal["sqs"]) -> "SQSClient": ...
    @overload
    def client(self, service: Literal["ssm"]) -> "SSMClient": ...
    @overload
    def client(self, service: str) -> Any: ...
    def client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                url = self._invoke_url if service == "lambda" else self._endpoint_url
                self._clients[service] = self._session.client(service, endpoint_url=url, config=CONFIG)  # type: ignore[call-overload]
            return self._clients[service]

    def close(self) -> None:
        with self._lock:
            while self._clients:
                self._clients.popitem()[1].close()
