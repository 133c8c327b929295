"""What comparing with Kapso costs: requests, and the units of a run's own record."""

from collections.abc import Iterator

from benchmarks.crowd import Crowd
from benchmarks.figures import Curve, Row, curves
from benchmarks.stage import KEY, PHONE_ID, PORT, PRODUCT, Spent, Stage

CHANGED = (0, 100, 1_000, 2_000, 10_000)
COMPARED = 2_000


def measured(stage: Stage, **_: bool) -> Iterator[Row | Curve]:
    with stage.runs(PRODUCT) as product, stage.runs(PORT) as port:
        ours, theirs = (run(stage.crowd(0).workspace_id).requests for run in (product, port))
    yield Row(figure="requests of an idle run", original=theirs, product=ours, to_reach=5)
    spent = _verified(stage)
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


def _verified(stage: Stage) -> dict[int, Spent]:
    """Runs after two without changes. In each sweep, another one with the same key was before them."""
    [first], crowds, hours = stage.workspaces(verify="report"), list[Crowd](), stage.next_hours(3)
    for changed in CHANGED:
        phone_id = f"{PHONE_ID[:-6]}{changed:06d}"
        stage.kapso.store.add_number(phone_id, KEY)
        [name] = stage.workspaces(phone_id=phone_id, verify="report")
        crowds.append(Crowd(workspace_id=name, at=stage.at(hours[-1]), count=changed, size=500))
    for hour in hours:
        if hour == hours[-1]:
            for crowd in crowds:
                _change(stage, crowd)
        stage.sweep(hour)
        with stage.runs(PRODUCT, hour=hour) as run:
            run(first)
            spent = {each.count: run(each.workspace_id) for each in crowds}
    return spent


def _change(stage: Stage, crowd: Crowd) -> None:
    """Messages in Kapso of which the table missed nothing."""
    store, contacts = stage.kapso.store, [crowd.contact(number) for number in range(crowd.count)]
    for each in contacts:
        person = store.add_person(each["contact_id"]["S"])
        store.message(f"{PHONE_ID[:-6]}{crowd.count:06d}", person, "inbound", int(each["activity_at"]["N"]))
    stage.put("Contacts", contacts)
    stage.front.crowds[crowd.workspace_id] = crowd
