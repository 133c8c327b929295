"""What ships to Lambda is small, and only what Lambda needs."""

from pathlib import Path

import pytest

LAYER_LIMIT_BYTES = 12_000_000
FUNCTIONS = ("DispatcherFunction", "ReconcilerFunction", "HealthFunction", "MonitorFunction")
# Lambda's runtime has the first of these; only operators need the others.
NOT_SHIPPED = {
    *("boto3", "botocore", "s3transfer", "urllib3"),
    *("background_sync_ops", "moto", "typer", "rich", "samtranslator", "awslambdaric"),
}


def shipped(folder: Path) -> list[Path]:
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return [path for path in files if "__pycache__" not in path.parts]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_contains_only_its_handler(built: Path, function: str) -> None:
    assert shipped(built / function) == [Path("app.py")]


def test_the_layer_has_the_package_and_its_libraries_only(built: Path) -> None:
    packages = {path.name for path in (built / "SharedLayer" / "python").iterdir()}
    assert {"background_sync", "aws_lambda_powertools", "pynamodb"} <= packages
    assert packages.isdisjoint(NOT_SHIPPED)


def test_the_layer_stays_small(built: Path) -> None:
    layer = built / "SharedLayer"
    assert sum((layer / path).stat().st_size for path in shipped(layer)) < LAYER_LIMIT_BYTES
