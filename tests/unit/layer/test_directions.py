"""Dependencies point one way, and no file grows beyond what one reads at once."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from itertools import chain
from pathlib import Path

import pytest
from botocore.config import Config

from background_sync import aws
from background_sync.aws import ADAPTIVE_CONFIG, CLIENT_CONFIG, LazyClient

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "layers" / "shared" / "background_sync"
NAME = PACKAGE.name
BESIDE = frozenset(
    {"batch", "clock", "messages", "notices", "queue", "settings", "telemetry", "tokens", "aws"}
)
"""Modules that stand beside the packages: they may import `rules`, and all but `rules` may import them."""
ALLOWED = {
    "rules": frozenset[str](),
    "kapso": BESIDE | {"rules"},
    "records": BESIDE | {"rules", "kapso"},
    "status": BESIDE | {"rules", "kapso", "records"},
    "sync": BESIDE | {"rules", "kapso", "records"},
    "intake": BESIDE | {"rules", "kapso", "records", "sync"},
    **dict.fromkeys(BESIDE, BESIDE | {"rules"}),
}
AWS = frozenset({"boto3", "botocore", "pynamodb", "aws_lambda_powertools", "urllib3"})
MAX_LINES = 300


def modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path
        for path in PACKAGE.rglob("*.py")
    }


def imports(path: Path) -> Iterator[str]:
    """What a module imports, also within functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{each.name}" for each in node.names)
            yield node.module


def floor(module: str) -> str:
    """The package of a module, or the module itself where it stands beside them."""
    return module.removeprefix(f"{NAME}.").partition(".")[0]


@pytest.mark.parametrize("module", sorted(modules()))
def test_a_package_imports_only_those_below_it(module: str) -> None:
    if module == f"{NAME}.__init__":
        return
    ours = floor(module)
    imported = {floor(each) for each in imports(modules()[module]) if each.startswith(f"{NAME}.")}
    assert imported - {ours} <= ALLOWED[ours]


def test_the_rules_import_no_library_of_aws() -> None:
    found = chain.from_iterable(imports(path) for path in (PACKAGE / "rules").glob("*.py"))
    assert not {each.partition(".")[0] for each in found} & AWS


def test_no_modules_import_each_other_in_a_circle() -> None:
    known = modules()
    graph = {name: {each for each in imports(path) if each in known} for name, path in known.items()}
    TopologicalSorter(graph).prepare()


def test_no_file_is_longer_than_300_lines() -> None:
    folders = (ROOT / name for name in ("layers", "functions", "ops", "tests"))
    files = chain.from_iterable(folder.rglob("*.py") for folder in folders)
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files
    }
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


def test_no_client_is_made_in_another_way_than_with_the_shared_configuration() -> None:
    sources = [path for folder in ("layers", "functions") for path in (ROOT / folder).rglob("*.py")]
    texts = {path.name: path.read_text(encoding="utf-8") for path in sources}
    assert [name for name, text in texts.items() if "boto3.Session" in text] == ["aws.py"]
    assert not [name for name, text in texts.items() if "create_client(" in text or "boto3.client(" in text]


@pytest.mark.parametrize("config", [CLIENT_CONFIG, ADAPTIVE_CONFIG])
def test_a_call_that_hangs_ends_within_seconds(config: Config) -> None:
    options = vars(config)
    assert (options["connect_timeout"], options["read_timeout"]) == (2, 5)


def test_a_client_is_made_once_and_not_before_its_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class Session:
        def __init__(self, botocore_session: object) -> None:
            assert botocore_session is aws.session()

        def client(self, service: str, config: Config) -> object:
            made.append((service, config))
            return type("Client", (), {"list_queues": lambda _: ["q"]})()

    monkeypatch.setattr("boto3.Session", Session)
    client = LazyClient("sqs")
    assert not made
    assert client.list_queues() == client.list_queues() == ["q"]
    assert made == [("sqs", CLIENT_CONFIG)]
