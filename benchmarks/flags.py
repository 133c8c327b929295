"""What flagging costs: capacity units, requests and time."""

from collections.abc import Iterator

from background_sync_ops.workload import NOTES
from benchmarks.figures import FLAT, Curve, Row, curves
from benchmarks.stage import PORT, PRODUCT, REPEATS, Run, Spent, Stage

FLAGS, LATENCY_MS = 50, 5
DAYS = (1, 5, 10, 20, 40, 60)


def measured(stage: Stage, **_: bool) -> Iterator[Row | Curve]:
    with stage.runs(PRODUCT) as product, stage.runs(PORT) as port:
        ours = [(day, _units(stage, product, day, NOTES)) for day in DAYS]
        theirs = [(day, _units(stage, port, day, max(DAYS))) for day in DAYS]
        for at in (0, -1):
            name = f"write units of a flag on a contact of 2 KB, day {DAYS[at]}"
            yield Row(figure=name, original=theirs[at][1], product=ours[at][1], to_reach=4)
        yield Curve(y="write units of a flag", x="days of flags", product=ours, original=theirs, limit=FLAT)
        requests = [_flagging(stage, run).requests for run in (product, port)]
        yield Row(
            figure="requests of a run with 50 flags", original=requests[1], product=requests[0], to_reach=58
        )
        with stage.unmetered(LATENCY_MS):
            walls = [min(_flagging(stage, run).wall for _ in range(REPEATS)) for run in (product, port)]
        yield Row(
            figure="wall of a run with 50 flags, in the 5 ms that each request takes at least",
            original=walls[1] / LATENCY_MS,
            product=walls[0] / LATENCY_MS,
            to_reach=40,
            remark=f"{walls[1]:.0f} and {walls[0]:.0f} ms",
        )
        spent = [(cap, _flagging(stage, product, cap)) for cap in (1, 50, 100, 200, 350, 500)]
    yield from curves(
        "flags, up to the cap",
        spent,
        {
            "requests of a run": lambda each: each.requests,
            "write units of a run": lambda each: each.write(),
            "processor time of a run (ms)": lambda each: each.cpu,
        },
    )


def _units(stage: Stage, run: Run, day: int, max_notes: int) -> float:
    crowd = stage.crowd(FLAGS, stale=1, days=day - 1, max_notes=max_notes)
    return run(crowd.workspace_id).write("Contacts") / FLAGS


def _flagging(stage: Stage, run: Run, cap: int = FLAGS) -> Spent:
    return run(stage.crowd(cap + 10, stale=1, settings={"max_flags_per_run": cap}).workspace_id)
