from typing import Any

import pytest

from background_sync_ops.stack.template import Template
from tests.template.resources import Properties, properties

TABLES = ["WorkspacesTable", "ContactsTable", "SyncHealthTable"]


@pytest.fixture(params=TABLES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def table(template: Template, name: str) -> Properties:
    return properties(template, "AWS::DynamoDB::Table")[name]


def test_all_tables_are_tested_here(template: Template) -> None:
    assert set(template.of_type("AWS::DynamoDB::Table")) == set(TABLES)


def test_a_table_is_kept_when_the_stack_is_deleted(template: Template, name: str) -> None:
    resource = template.resources[name]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_what_cannot_be_made_again_has_backups(template: Template, name: str, table: Properties) -> None:
    switch = table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    if name != "SyncHealthTable":
        assert switch is True
        return
    condition, *when_otherwise = switch["Fn::If"]
    assert when_otherwise == [True, False]
    assert template.body["Conditions"][condition] == {"Fn::Equals": [{"Ref": "SyncHealthRecovery"}, "true"]}
    assert template.body["Parameters"]["SyncHealthRecovery"]["Default"] == "false"


def test_a_key_that_is_billed_encrypts_a_table_only_if_one_is_named(table: Properties) -> None:
    condition, own, otherwise = table["SSESpecification"]["Fn::If"]
    assert condition == "TablesHaveOwnKey"
    assert own == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": {"Ref": "TableKmsKeyArn"}}
    assert otherwise == {"Ref": "AWS::NoValue"}


def test_a_table_is_billed_by_the_request(table: Properties) -> None:
    assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_a_parameter_protects_a_table_from_deletion(template: Template, table: Properties) -> None:
    condition, when, otherwise = table["DeletionProtectionEnabled"]["Fn::If"]
    assert (when, otherwise) == (True, False)
    assert template.body["Conditions"][condition] == {"Fn::Equals": [{"Ref": "DeletionProtection"}, "true"]}


def test_a_table_declares_exactly_its_key_attributes(table: Properties) -> None:
    assert _declared(table) == _keyed(table) | _keyed_by_indexes(table)


def test_only_records_of_runs_expire(name: str, table: Properties) -> None:
    expires = table.get("TimeToLiveSpecification", {}).get("AttributeName")
    assert expires == ("expires_at" if name == "SyncHealthTable" else None)


def test_indexes_of_contacts_do_not_project_all_attributes(template: Template) -> None:
    contacts = properties(template, "AWS::DynamoDB::Table")["ContactsTable"]
    assert "ALL" not in {item["Projection"]["ProjectionType"] for item in contacts["GlobalSecondaryIndexes"]}


def _declared(table: Properties) -> set[str]:
    return {item["AttributeName"] for item in table["AttributeDefinitions"]}


def _keyed(item: dict[str, Any]) -> set[str]:
    return {key["AttributeName"] for key in item["KeySchema"]}


def _keyed_by_indexes(table: Properties) -> set[str]:
    return set().union(*(_keyed(index) for index in table.get("GlobalSecondaryIndexes", [])))
