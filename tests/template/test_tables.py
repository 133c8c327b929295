import pytest

from background_sync_ops.stack.template import Template, references
from tests.template.resources import TABLES, Properties, decided, properties


@pytest.fixture(params=TABLES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def table(template: Template, name: str) -> Properties:
    return properties(template, "AWS::DynamoDB::Table")[name]


def test_all_tables_are_tested_here(template: Template) -> None:
    assert set(template.of_type("AWS::DynamoDB::Table")) == set(TABLES)


def test_a_table_outlives_its_stack_but_not_a_first_deployment_that_fails(
    template: Template, name: str
) -> None:
    resource = template.resources[name]
    policies = resource["DeletionPolicy"], resource["UpdateReplacePolicy"]
    assert policies == ("RetainExceptOnCreate", "Retain")


def test_only_tables_outlive_the_stack(template: Template) -> None:
    kept = {name for name, item in template.resources.items() if "Retain" in item.get("DeletionPolicy", "")}
    assert kept == {*TABLES}


def test_a_table_that_exists_already_takes_the_place_of_the_stacks_own(template: Template, name: str) -> None:
    parameter, condition = f"Existing{name}", f"Makes{name}"
    assert template.body["Parameters"][parameter]["Default"] == ""
    assert template.body["Conditions"][condition] == {"Fn::Equals": [{"Ref": parameter}, ""]}
    assert template.resources[name]["Condition"] == condition


def test_nothing_refers_to_a_table_that_the_stack_does_not_make(template: Template) -> None:
    for part in ("Resources", "Outputs"):
        for name, item in decided(template.body[part], False).items():
            optional = item.get("Condition") == "MakesContactsStream"
            assert name in TABLES or optional or not {*TABLES} & {*references(item)}, name


def test_a_parameter_gives_the_stacks_own_contacts_a_stream(template: Template) -> None:
    contacts = properties(template, "AWS::DynamoDB::Table")["ContactsTable"]
    condition, stream, otherwise = contacts["StreamSpecification"]["Fn::If"]
    assert (stream, otherwise) == ({"StreamViewType": "NEW_AND_OLD_IMAGES"}, {"Ref": "AWS::NoValue"})
    conditions, output = template.body["Conditions"], template.body["Outputs"]["ContactsStreamArn"]
    assert conditions[condition] == {"Fn::Equals": [{"Ref": "ContactsStream"}, "on"]}
    both = [{"Condition": "MakesContactsTable"}, {"Condition": condition}]
    assert conditions[output["Condition"]] == {"Fn::And": both}
    assert template.body["Parameters"]["ContactsStream"]["Default"] == "off"


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


def test_only_records_of_runs_expire(name: str, table: Properties) -> None:
    expires = table.get("TimeToLiveSpecification", {}).get("AttributeName")
    assert expires == ("expires_at" if name == "SyncHealthTable" else None)


def test_indexes_of_contacts_do_not_project_all_attributes(template: Template) -> None:
    contacts = properties(template, "AWS::DynamoDB::Table")["ContactsTable"]
    assert "ALL" not in {item["Projection"]["ProjectionType"] for item in contacts["GlobalSecondaryIndexes"]}
