"""A tree that `sam build` wrote: run from there, with what was built and nothing else."""

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


def place(stack: LocalStack, module: str) -> str | None:
    """The file from which the function would import a module."""
    found: str | None = stack.invoke(WORKER, {"do": "find", "module": module}).result()
    return found


def test_the_layer_is_its_python_folder(built: LocalStack) -> None:
    [layer] = built.find(WORKER).spec.layer_dirs
    assert layer == built.template_path.parent / "layer" / "python"
    assert place(built, "tiny_layer") == str(layer / "tiny_layer" / "__init__.py")


def test_lambdas_own_modules_are_there(built: LocalStack) -> None:
    assert place(built, "boto3")
    assert place(built, "urllib3")


@pytest.mark.parametrize("module", ["moto", "rich", "pynamodb", "background_sync"])
def test_what_was_not_built_is_not_there(built: LocalStack, module: str) -> None:
    assert place(built, module) is None


def test_nothing_is_written_into_the_built_tree(built: LocalStack) -> None:
    built.invoke(WORKER).result()
    assert not list(built.template_path.parent.rglob("__pycache__"))


def test_code_that_runs_from_its_source_sees_this_environment(stack: LocalStack) -> None:
    [layer] = stack.find(WORKER).spec.layer_dirs
    assert layer == Path(APP / "layer")
    assert place(stack, "pynamodb")
