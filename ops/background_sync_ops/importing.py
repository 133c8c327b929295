from background_sync_ops.snapshot import ImportTarget
from background_sync_ops.target import Target


def import_target(target: Target) -> ImportTarget:
    """What `import_snapshot` needs to know of a stack."""
    return ImportTarget(
        dynamodb=target.client("dynamodb"),
        ssm=target.client("ssm"),
        workspaces_table=target.tables.workspaces,
        contacts_table=target.tables.contacts,
        token_parameter_prefix=target.outputs["TokenParameterPrefix"],
        now=target.clock.now(),
    )
