import pytest

from background_sync_ops.stack.template import Template, load
from tests.template.resources import ROOT


@pytest.fixture(scope="session")
def template() -> Template:
    return load(ROOT / "template.yaml", {})
