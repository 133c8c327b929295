"""What surrounds a function on Lambda: its environment variables and where its imports come from."""

import importlib.util
import os
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

from background_sync_ops.stack.clients import CREDENTIALS, REGION
from background_sync_ops.stack.deployment import FunctionSpec

# What Lambda's runtime for Python brings along: AWS's client and the runtime client, and what they need.
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


def command(spec: FunctionSpec) -> list[str]:
    """The child's command line. A built function sees what was built and Lambda's runtime, and nothing else
    of this machine; code that runs from its source finds its libraries in this environment."""
    isolated = ["-S"] if spec.built else []
    return [sys.executable, *isolated, "-m", "awslambdaric", spec.handler]


def environment(
    spec: FunctionSpec, runtime_api: str, overrides: Mapping[str, str], runtime: Path
) -> dict[str, str]:
    """A function's environment as Lambda sets it. Nothing of the operator's own is passed on.

    `runtime_api` is host:port of the Runtime API, `runtime` the folder of `make_runtime`.
    """
    imports = (spec.code_dir, *spec.layer_dirs, *([runtime] if spec.built else []))
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
        "PYTHONDONTWRITEBYTECODE": "1",  # Lambda's folders are read-only
        "PYTHONPATH": os.pathsep.join(map(str, imports)),
        "TZ": ":UTC",
        "_HANDLER": spec.handler,
        **spec.environment,
        **overrides,
    }


def make_runtime(folder: Path) -> None:
    """Fills `folder` with links to this environment's copies of what Lambda's runtime brings along."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in RUNTIME_MODULES:
        place = _place(name)
        link = folder / place.name
        link.unlink(missing_ok=True)
        link.symlink_to(place)


def _place(module: str) -> Path:
    """The folder of a package, the file of a module."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the local stack needs the module {module}")
    origin = Path(spec.origin)
    return origin.parent if spec.submodule_search_locations else origin
