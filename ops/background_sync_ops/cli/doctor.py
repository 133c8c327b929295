"""`background-sync doctor`."""
# ruff: noqa: PLC0415

from dataclasses import asdict

from background_sync_ops.cli.command import command
from background_sync_ops.cli.options import AsJson, StackOptions
from background_sync_ops.cli.output import clean, console, facts, print_json, shortened, state, waiting

WIDTH = 300
STATUSES = {"pass": 0, "unknown": 0, "warn": 1, "fail": 2}


@command("Exit status: 0 nothing is wrong; 1 warn; 2 fail, or usage error; 3 other error.")
def doctor(stack: StackOptions, as_json: AsJson = False) -> int:
    """Check a deployment, before it and after it, and say what to do.

    Before: the account's limits, and the tables that exist already and are named in samconfig.toml. After,
    also the stack's tables, alarms, schedule and health. On the local stack, what only AWS has is unknown.
    """
    from background_sync_ops.doctor import examine

    target = stack.target(may_be_missing=True)
    with waiting(f"examining {target.name}"):
        findings = list(examine(target, stack.stack_name))
    if as_json:
        print_json({"checks": [asdict(each) for each in findings]})
    else:
        out = console()
        out.print(
            facts(
                (clean(each.check), state(each.state), clean(shortened(each.seen, WIDTH)))
                for each in findings
            )
        )
        for each in findings:
            if each.todo:
                out.print(f"{clean(each.check)}: {clean(each.todo)}", soft_wrap=True)
    return max(STATUSES[each.state] for each in findings)
