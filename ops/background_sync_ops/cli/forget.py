"""`background-sync forget`."""
# ruff: noqa: PLC0415

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from background_sync.rules.identity import MAX_CONTACT_ID_BYTES, is_key
from background_sync_ops.cli.command import command, exit_status
from background_sync_ops.cli.options import AsJson, StackOptions, WorkspaceId
from background_sync_ops.cli.output import clean, console, plural, print_json, waiting
from background_sync_ops.errors import NOT_OK, OK, CommandError

if TYPE_CHECKING:
    from background_sync_ops.forgetting import Deleted, Eraser, Person


@command(exit_status("0 it is forgotten", "1 nothing was deleted"))
def forget(
    stack: StackOptions,
    workspace: WorkspaceId,
    contact: Annotated[
        str | None,
        typer.Argument(
            metavar="contact",
            show_default="the whole workspace",
            help="The contact's id, phone or business-scoped user id.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> int:
    """Delete a person's data, or a whole workspace with its keys, from all tables, after asking.

    A keyed hash stays, so that no repair and no late message brings the person back; a new message does. It
    waits for runs that are under way. If it ends early, do it again. At the end it says what it cannot reach.
    """
    from background_sync_ops.forgetting import Eraser, remaining
    from background_sync_ops.workspaces import find_workspace

    if contact is not None and not is_key(contact, MAX_CONTACT_ID_BYTES):
        raise typer.BadParameter(f"contact must have 1 to {MAX_CONTACT_ID_BYTES} bytes")
    target = stack.target()
    find_workspace(target, target.connect(), workspace)
    if "ErasureKeyParameter" not in target.outputs:
        raise CommandError(f"{target.name} is of an older version: deploy this one first")
    eraser = Eraser.of(target, workspace)
    person = None if contact is None else eraser.find_person(contact)
    deleted = _forget(eraser, person) if yes or _confirmed(eraser, contact, person) else None
    remains = [] if deleted is None else list(remaining(target))
    if as_json:
        found = None if deleted is None else asdict(deleted)
        print_json({"workspace_id": workspace, "contact": contact, "deleted": found, "remains": remains})
    else:
        _print(deleted, remains)
    return NOT_OK if deleted is None else OK


def _confirmed(eraser: "Eraser", contact: str | None, person: "Person | None") -> bool:
    from background_sync_ops.cli.fix import confirmed

    # The question goes to stderr: with --json, stdout is one document.
    err, name = console(stderr=True), clean(eraser.workspace_id)
    if person is None:
        err.print(f"The workspace {name}: its record, its contacts, its runs, and its key and secret in SSM.")
        err.print("A key that other workspaces have too stays.")
    for contact_id, item in (person.contacts if person else {}).items():
        known = [item[each].get("S", "") for each in ("name", "kapso_name") if each in item]
        err.print(f"The contact {clean(', '.join([contact_id, *known]))} of {name}, in all tables.")
    if person is not None and not person.contacts:
        err.print(f"{name} has no contact {clean(contact)}. What runs have saved of this person is deleted.")
    return confirmed("Delete it for good?", "--yes deletes it without asking")


def _forget(eraser: "Eraser", person: "Person | None") -> "Deleted":
    with waiting("deleting, once the work that is under way has ended"):
        return eraser.forget_workspace() if person is None else eraser.forget_person(person)


def _print(deleted: "Deleted | None", remains: Sequence[dict[str, str]]) -> None:
    out = console()
    if deleted is None:
        out.print("Nothing was deleted.")
        return
    numbers = f"{plural(deleted.contacts, 'contact')} and {plural(deleted.records, 'record')}"
    out.print(f"Forgotten: {numbers}{''.join(f', {clean(each)}' for each in deleted.parameters)}.", "")
    out.print("Out of reach:")
    for each in remains:
        out.print(f"  {clean(each['what'])}: {clean(each['for'])}", soft_wrap=True)
