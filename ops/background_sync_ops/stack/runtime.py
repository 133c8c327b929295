"""What Lambda gives a function: its command, its environment variables and Lambda's own modules."""

import importlib.util
import os
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

from background_sync_ops.stack.clients import CREDENTIALS, REGION, no_proxy
from background_sync_ops.stack.deployment import FunctionSpec

# The modules of Lambda's Python runtime: the AWS SDK, the runtime client and what they depend on.
RUNTIME_MODULES = (
    "awslambdaric",
    "boto3",
    "botocore",
    "dateutil",
    "jmespath",
    "runtime_client",
    "s3transfer",
    "simplejson",
    "six",
    "snapshot_restore_py",
    "urllib3",
)
TO_THE_INTERNET = ("HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""How this machine reaches Kapso: the proxy, and the certificates to trust."""


def command(spec: FunctionSpec) -> list[str]:
    # -S hides this environment's packages: a built function that imports one of them would fail on Lambda.
    # Code that runs from its source needs them.
    isolated = ["-S"] if spec.built else []
    return [sys.executable, *isolated, "-m", "awslambdaric", spec.handler]


def environment(
    spec: FunctionSpec, runtime_api: str, overrides: Mapping[str, str], runtime_dir: Path
) -> dict[str, str]:
    """A function's environment as Lambda sets it. Of the operator's variables, only those that it needs
    to reach Kapso are passed on.

    `runtime_api` is host:port of the Runtime API, `runtime_dir` the folder of `make_runtime`.
    """
    imports = (spec.code_dir, *spec.layer_dirs, *([runtime_dir] if spec.built else []))
    return {
        **CREDENTIALS,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": spec.log_format,
        "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": f"local/[$LATEST]{uuid.uuid4().hex}",
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_REGION": REGION,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "LAMBDA_TASK_ROOT": str(spec.code_dir),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        # Lambda's folders are read-only.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(map(str, imports)),
        "TZ": ":UTC",
        "_HANDLER": spec.handler,
        **{name: os.environ[name] for name in TO_THE_INTERNET if name in os.environ},
        **no_proxy(),
        **spec.environment,
        **overrides,
    }


def make_runtime(runtime_dir: Path) -> None:
    """Fills `runtime_dir` with links to this environment's copies of Lambda's own modules."""
    runtime_dir.mkdir(parents=True, exist_ok=True)
    for name in RUNTIME_MODULES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"the local stack needs the module {name}")
        source = Path(spec.origin)
        if spec.submodule_search_locations:
            source = source.parent
        link = runtime_dir / source.name
        link.unlink(missing_ok=True)
        link.symlink_to(source)
