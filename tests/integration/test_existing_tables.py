"""A stack over tables that exist already: of a CRM, restored from a backup, or left by a deleted stack."""

from background_sync_ops.stack.provision import provision
from background_sync_ops.stack.stack import LocalStack
from background_sync_ops.stack.template import load


def test_a_stack_uses_a_table_that_exists_and_makes_the_others(engine: LocalStack) -> None:
    source = load(engine.template_path, {"ExistingContactsTable": "crm-contacts"})
    made = provision(source, engine.aws, "over-a-crm", {})
    assert made.outputs["ContactsTableName"] == "crm-contacts"
    assert "ContactsTable" not in made.physical_ids
    function = made.properties("AWS::Lambda::Function")["ReconcilerFunction"]
    variables = function["Environment"]["Variables"]
    assert variables["CONTACTS_TABLE"] == "crm-contacts"
    assert variables["WORKSPACES_TABLE"] == made.physical_ids["WorkspacesTable"]
