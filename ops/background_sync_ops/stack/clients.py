"""AWS clients for the local stack: dummy credentials, and nothing of the operator's own AWS set-up."""

import os
import threading
from typing import TYPE_CHECKING, Any, Literal, overload

import boto3
import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

REGION = "us-east-1"
ACCOUNT_ID = "123456789012"  # the engine's only account
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_SESSION_TOKEN": "local",
}
CONFIG = Config(
    region_name=REGION,
    proxies={},  # a proxy of the operator's would take requests to 127.0.0.1 elsewhere
    use_fips_endpoint=False,
    use_dualstack_endpoint=False,
    read_timeout=960,  # an invocation may take Lambda's 15 minutes
    retries={"mode": "standard", "max_attempts": 3},
    max_pool_connections=32,
)


def session() -> boto3.Session:
    """A session that reads neither ~/.aws nor AWS_PROFILE."""
    blind = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    blind.set_credentials(*CREDENTIALS.values())
    return boto3.Session(botocore_session=blind, region_name=REGION)


class LocalClients:
    """One client for each service, made when first asked for; threads may share them."""

    def __init__(self, endpoint_url: str, invoke_url: str) -> None:
        """`invoke_url` is where Lambda answers, `endpoint_url` where every other service does."""
        self._endpoints = {"lambda": invoke_url}
        self._default_endpoint = endpoint_url
        self._session = session()
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    @overload
    def client(self, service: Literal["cloudformation"]) -> "CloudFormationClient": ...
    @overload
    def client(self, service: Literal["dynamodb"]) -> "DynamoDBClient": ...
    @overload
    def client(self, service: Literal["lambda"]) -> "LambdaClient": ...
    @overload
    def client(self, service: Literal["s3"]) -> "S3Client": ...
    @overload
    def client(self, service: Literal["sqs"]) -> "SQSClient": ...
    @overload
    def client(self, service: Literal["ssm"]) -> "SSMClient": ...
    @overload
    def client(self, service: str) -> Any: ...
    def client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._new(service)
            return self._clients[service]

    def _new(self, service: str) -> Any:
        endpoint_url = self._endpoints.get(service, self._default_endpoint)
        return self._session.client(service, endpoint_url=endpoint_url, config=CONFIG)  # type: ignore[call-overload]

    def close(self) -> None:
        """Closes every client's connections."""
        with self._lock:
            while self._clients:
                self._clients.popitem()[1].close()
