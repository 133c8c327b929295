"""What ships to Lambda is small, and only what Lambda needs."""

import ast
import sys
from collections.abc import Iterator
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from pathlib import Path

import pytest

from tests.template.resources import FUNCTIONS, INTAKE_FUNCTIONS

ALL = (*FUNCTIONS, *INTAKE_FUNCTIONS)
LIMIT_BYTES = 8 * 2**20
UNCHECKED = (1).to_bytes(4, "little")  # PEP 552
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


@pytest.mark.parametrize("function", ALL)
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


def test_what_ships_stays_small(built: Path) -> None:
    shipped = [built / name for name in ("SharedLayer", *ALL)]
    sizes = (path.stat().st_size for folder in shipped for path in folder.rglob("*") if path.is_file())
    assert sum(sizes) < LIMIT_BYTES


@pytest.mark.skipif(sys.version_info[:2] != (3, 13), reason="bytecode is made for Lambda's version alone")
@pytest.mark.parametrize("folder", [*ALL, "SharedLayer/python/background_sync/records"])
def test_a_cold_start_compiles_nothing(built: Path, folder: str) -> None:
    """Bytecode that is checked against the time of its source would be stale: the zip does not keep times."""
    for source in (built / folder).glob("*.py"):
        bytecode = Path(cache_from_source(str(source), optimization="")).read_bytes()
        assert (bytecode[:4], bytecode[4:8]) == (MAGIC_NUMBER, UNCHECKED)
        assert bytecode[8:16] == source_hash(source.read_bytes())
