"""What dispatching costs, beside SQS's client alone."""

from collections.abc import Iterator

from background_sync.messages import RUN, Message
from benchmarks.figures import Curve, Row, curves
from benchmarks.stage import BARE, REPEATS, Spent, Stage

TO_REACH = 1.4
"""190 µs, where SendMessageBatch alone took 107 to 160."""


def measured(stage: Stage, *, large: bool) -> Iterator[Row | Curve]:
    """Sweeps of more and more workspaces; the row is of the last."""
    spent, known = list[tuple[int, Spent]](), 0
    with stage.unmetered():
        for count in (10, 100, 1_000, 10_000, *([100_000] if large else [])):
            stage.workspaces(count - known)
            best = min((stage.sweep(hour) for hour in stage.next_hours(REPEATS)), key=lambda each: each.cpu)
            spent.append((best.result["dispatched"], best))
            known = count
        (few, small), (many, most) = spent[0], spent[-1]
        ours, alone = (most.cpu - small.cpu) / (many - few), _alone(stage, many)
    yield Row(
        figure=f"processor time per workspace dispatched, of {many:,}, in that of SendMessageBatch alone",
        product=ours / alone,
        to_reach=TO_REACH,
        digits=2,
        remark=f"{ours * 1000:.0f} µs, and the client's {alone * 1000:.0f} µs",
    )
    costs = {"requests": lambda each: each.requests, "processor time (ms)": lambda each: each.cpu}
    yield from curves("workspaces dispatched", spent, costs)


def _alone(stage: Stage, count: int) -> float:
    """The client's ms for a message as long as the dispatcher's."""
    [name] = stage.workspaces()
    own = {"MessageBody": Message(RUN, name, stage.now).body(), "MessageGroupId": name, "DelaySeconds": 0}
    entries = [{"Id": str(number % 10), **own} for number in range(count)]
    with stage.function(BARE) as bare:
        stage.call(bare, {"send": entries[:10]})
        return min(stage.call(bare, {"send": entries}).cpu for _ in range(REPEATS)) / count
