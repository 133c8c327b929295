"""`background-sync audit` on a running stack."""

from tests.integration.cli.running import Operator


def test_an_audit_fixes_index_attributes_that_are_missing_or_outdated(operator: Operator) -> None:
    workspace = operator.add_workspace("audited")
    operator.add_contact_outside_the_index(workspace, "1")
    operator.add_contact(workspace, "2", activity_at=5)
    operator.add_contact(workspace, "3")
    [found] = operator.json("audit", workspace)["audits"]
    assert (found["workspace_id"], found["status"]) == (workspace, "completed")
    assert (found["contacts_checked"], found["fixed_missing"], found["fixed_outdated"]) == (3, 1, 1)
    [again] = operator.json("audit", workspace)["audits"]
    assert (again["fixed_missing"], again["fixed_outdated"]) == (0, 0)


def test_without_a_name_every_active_workspace_is_audited(operator: Operator) -> None:
    result = operator.run("audit")
    assert result.status == 0, result.stderr
    table = result.stdout.partition("\n\n")[0]
    audited = [line.split()[0] for line in table.splitlines()[1:]]
    assert {"acme", "capped"} <= set(audited)
    assert "off" not in audited
