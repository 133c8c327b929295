"""What ships to Lambda is small, and only what Lambda needs."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

LAYER_LIMIT_BYTES = 12_000_000
FUNCTIONS = ("DispatcherFunction", "ReconcilerFunction", "HealthFunction", "MonitorFunction")
RUNTIME = {"boto3", "botocore"}
"""What the layer leaves to Lambda's runtime."""
TYPES_ONLY = ("mypy_boto3_", "_typeshed")
NOT_SHIPPED = {
    *RUNTIME,
    "s3transfer",
    *("background_sync_ops", "moto", "typer", "rich", "samtranslator", "awslambdaric"),
}


def shipped(folder: Path) -> list[Path]:
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return [path for path in files if "__pycache__" not in path.parts]


def imports_of(path: Path) -> Iterator[str]:
    """The top-level packages that a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_contains_only_its_handler(built: Path, function: str) -> None:
    assert shipped(built / function) == [Path("app.py")]


def test_the_layer_has_the_package_and_its_libraries_only(built: Path) -> None:
    packages = {path.name for path in (built / "SharedLayer" / "python").iterdir()}
    assert {"background_sync", "aws_lambda_powertools", "pynamodb"} <= packages
    assert packages.isdisjoint(NOT_SHIPPED)


def test_the_layer_ships_what_its_code_imports_but_boto3_and_botocore(built: Path) -> None:
    """The runtime has more, in versions that AWS changes."""
    code = built / "SharedLayer" / "python"
    imported = {name for path in (code / "background_sync").rglob("*.py") for name in imports_of(path)}
    others = {each for each in imported - sys.stdlib_module_names if not each.startswith(TYPES_ONLY)}
    assert {each for each in others if not (code / each).is_dir()} == RUNTIME
    assert "urllib3" in others


def test_the_layer_stays_small(built: Path) -> None:
    layer = built / "SharedLayer"
    assert sum((layer / path).stat().st_size for path in shipped(layer)) < LAYER_LIMIT_BYTES
