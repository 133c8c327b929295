import json
import logging
from dataclasses import asdict

import pytest
from botocore.exceptions import ClientError

from tests.integration.snapshot.importing import Importing, contact, workspace


def test_a_token_is_stored_in_ssm_only(importing: Importing, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        report = importing.load([contact()], [workspace(meta_access_token="s3cret-token")])
    record = importing.workspaces()["w1"]
    assert importing.tokens() == {record["kapso_token_parameter"]: "s3cret-token"}
    assert record["kapso_token_parameter"].startswith(importing.target.token_parameter_prefix)
    everything = [record, importing.contacts(), asdict(report), caplog.text]
    assert "s3cret-token" not in json.dumps(everything, default=str)


def test_each_token_is_stored_once(importing: Importing) -> None:
    spaces = [workspace(f"w{number}", meta_access_token=f"token-{number % 3}") for number in range(30)]
    report = importing.load([], spaces)
    assert sorted(importing.tokens().values()) == ["token-0", "token-1", "token-2"]
    assert (report.tokens_stored, importing.writes["PutParameter"]) == (3, 3)
    names = {name: each["kapso_token_parameter"] for name, each in importing.workspaces().items()}
    assert importing.tokens()[names["w4"]] == "token-1"
    assert names["w4"] == names["w7"] != names["w5"]


def test_a_snapshot_without_the_token_does_not_remove_it(importing: Importing) -> None:
    importing.load([], [workspace(meta_access_token="old")])
    importing.load([], [workspace()])
    assert importing.tokens() == {importing.workspaces()["w1"]["kapso_token_parameter"]: "old"}


def test_a_new_token_replaces_the_old_one(importing: Importing) -> None:
    importing.load([], [workspace(meta_access_token="old")])
    importing.load([], [workspace(meta_access_token="new")])
    assert importing.tokens()[importing.workspaces()["w1"]["kapso_token_parameter"]] == "new"


def test_a_parameter_that_another_import_has_just_created_is_used(importing: Importing) -> None:
    importing.load([], [workspace(meta_access_token="same")])
    client = importing.target.ssm
    client.meta.events.register("after-call.ssm.GetParameters", _hide)
    report = importing.load([], [workspace("w2", meta_access_token="same")])
    assert (report.bad, report.tokens_stored) == (0, 0)


def _hide(parsed: dict[str, object], **_: object) -> None:
    # As if the import had looked before the parameter was created.
    parsed["Parameters"] = []


def test_a_token_that_ssm_rejects_is_a_bad_line_that_does_not_show_it(importing: Importing) -> None:
    importing.target.ssm.meta.events.register("before-call.ssm.PutParameter", _reject)
    report = importing.load([], [workspace(meta_access_token="s3cret"), workspace("w2")])
    assert [(each.line, each.reason) for each in report.bad_lines] == [(1, "SSM rejected its token")]
    assert set(importing.workspaces()) == {"w2"}


def _reject(params: dict[str, bytes], **_: object) -> None:
    body = json.loads(params["body"])
    message = f"Value '{body['Value']}' at 'value' failed to satisfy constraint"
    raise ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "PutParameter")
