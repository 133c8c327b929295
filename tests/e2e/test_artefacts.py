"""What ships to Lambda is small, and only what Lambda needs."""

from pathlib import Path

import pytest

LAYER_LIMIT_BYTES = 12_000_000
FUNCTIONS = ("DispatcherFunction", "ReconcilerFunction", "HealthFunction", "MonitorFunction")


def shipped(folder: Path) -> list[str]:
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in files if "__pycache__" not in path.parts)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_its_handler_alone(built: Path, function: str) -> None:
    assert shipped(built / function) == ["app.py"]


def test_the_layer_has_the_package_and_its_libraries(built: Path) -> None:
    packages = {path.name for path in (built / "SharedLayer" / "python").iterdir()}
    assert {"background_sync", "aws_lambda_powertools", "pynamodb"} <= packages


def test_the_layer_has_nothing_that_the_runtime_brings_or_only_operators_need(built: Path) -> None:
    packages = {path.name for path in (built / "SharedLayer" / "python").iterdir()}
    brought = {"boto3", "botocore", "s3transfer", "urllib3"}
    operators = {"background_sync_ops", "moto", "typer", "rich", "samtranslator", "awslambdaric"}
    assert packages.isdisjoint(brought | operators)


def test_the_layer_stays_small(built: Path) -> None:
    layer = built / "SharedLayer"
    assert sum((layer / name).stat().st_size for name in shipped(layer)) < LAYER_LIMIT_BYTES
