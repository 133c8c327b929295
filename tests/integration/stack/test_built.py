"""The output of `sam build` runs from its folder, with what was built and Lambda's own modules only."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from background_sync_ops.stack.stack import LocalStack
from tests.integration.stack.conftest import APP

WORKER = "WorkerFunction"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    root = tmp_path_factory.mktemp("built")
    for name in ("worker", "web", "broken"):
        shutil.copytree(APP / name, root / name)
    shutil.copytree(APP / "layer", root / "layer" / "python")
    shutil.copy(APP / "template.yaml", root)
    with LocalStack(root / "template.yaml", state_dir=tmp_path_factory.mktemp("stack")) as stack:
        yield stack


def found(stack: LocalStack, module: str) -> str | None:
    """The file from which the function would import a module."""
    path: str | None = stack.invoke(WORKER, {"do": "find", "module": module}).result()
    return path


def test_a_built_function_finds_its_layer_and_lambdas_modules_and_no_others(built: LocalStack) -> None:
    layer = built.template_path.parent / "layer" / "python"
    assert built.find(WORKER).spec.layer_dirs == (layer,)
    assert found(built, "tiny_layer") == str(layer / "tiny_layer" / "__init__.py")
    assert all(found(built, module) for module in ("boto3", "urllib3"))
    assert not any(found(built, module) for module in ("moto", "rich", "pynamodb", "background_sync"))
    assert not list(built.template_path.parent.rglob("__pycache__")), "nothing is written into the folder"


def test_a_function_that_runs_from_its_source_finds_the_installed_packages(stack: LocalStack) -> None:
    assert stack.find(WORKER).spec.layer_dirs == (Path(APP / "layer"),)
    assert found(stack, "pynamodb")
