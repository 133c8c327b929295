"""What comparing with Kapso costs: requests, and the units of a run's own record."""

from collections.abc import Iterator

from benchmarks.crowd import Crowd
from benchmarks.figures import Curve, Row, curves
from benchmarks.stage import KEY, PHONE_ID, PORT, PRODUCT, Spent, Stage

CHANGED = (0, 100, 500, 1_000, 2_000, 5_000, 10_000)
COMPARED = 2_000


def measured(stage: Stage, **_: bool) -> Iterator[Row | Curve]:
    with stage.runs(PRODUCT) as product, stage.runs(PORT) as port:
        ours, theirs = (run(stage.crowd(0).workspace_id).requests for run in (product, port))
    yield Row(figure="requests of an idle run", original=theirs, product=ours, to_reach=5)
    spent = {changed: _verified(stage, changed) for changed in CHANGED}
    yield Row(figure="requests of an idle run that verifies", product=spent[0].requests, to_reach=8)
    yield Row(figure="and to Kapso", product=spent[0].to_kapso, to_reach=1)
    name = f"write units of the records of a run that compares {COMPARED:,} changed conversations"
    yield Row(figure=name, product=spent[COMPARED].write("SyncHealth"), to_reach=35)
    yield from curves(
        "changed conversations",
        list(spent.items()),
        {
            "write units of a run's records": lambda each: each.write("SyncHealth"),
            "read units of a run": lambda each: each.read(),
            "requests of a run": lambda each: each.requests,
            "requests to Kapso": lambda each: each.to_kapso,
            "processor time of a run (ms)": lambda each: each.cpu,
        },
    )


def _verified(stage: Stage, changed: int) -> Spent:
    """A run after two without changes. In each sweep, another one with the same key was before it."""
    phone_id, hours = f"{PHONE_ID[:-6]}{changed:06d}", stage.next_hours(3)
    stage.kapso.store.add_number(phone_id, KEY)
    [first], [name] = stage.workspaces(verify="report"), stage.workspaces(phone_id=phone_id, verify="report")
    for hour in hours:
        if hour == hours[-1]:
            _change(stage, Crowd(workspace_id=name, at=stage.at(hour), count=changed, size=500), phone_id)
        stage.sweep(hour)
        with stage.runs(PRODUCT, hour=hour) as run:
            run(first)
            spent = run(name)
    return spent


def _change(stage: Stage, crowd: Crowd, phone_id: str) -> None:
    """Messages in Kapso of which the table missed nothing."""
    store, contacts = stage.kapso.store, [crowd.contact(number) for number in range(crowd.count)]
    for each in contacts:
        person = store.add_person(each["contact_id"]["S"])
        store.message(phone_id, person, "inbound", int(each["activity_at"]["N"]))
    stage.put("Contacts", contacts)
