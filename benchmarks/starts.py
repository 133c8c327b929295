"""Cold starts, and what is shipped."""

from collections.abc import Iterator
from statistics import median

from benchmarks.figures import Curve, Row
from benchmarks.stage import BARE, BUILT, PORT, Stage

TO_REACH = {"Dispatcher": 1.2, "Reconciler": 1.3, "Health": 1.5, "Monitor": 1.15}
ROUNDS = 9


def measured(stage: Stage, **_: bool) -> Iterator[Row | Curve]:
    """Processes in turn: each round's functions are compared with that round's client."""
    starts: dict[str, list[float]] = {}
    for _round in range(ROUNDS):
        for name in (BARE, PORT, *(f"{each}Function" for each in TO_REACH)):
            with stage.function(name) as function:
                starts.setdefault(name, []).append(function.start)
    alone = starts[BARE]
    ratios = {
        name: median(one / client for one, client in zip(each, alone, strict=True))
        for name, each in starts.items()
    }
    for name, to_reach in TO_REACH.items():
        yield Row(
            figure=f"cold start of the {name.lower()}, in that of boto3's bare client",
            original=ratios[PORT] if name == "Reconciler" else None,
            product=ratios[f"{name}Function"],
            to_reach=to_reach,
            digits=2,
            remark=f"{median(starts[f'{name}Function']):.0f} ms, the client {median(alone):.0f} ms",
        )
    folders = [BUILT / "SharedLayer", *(BUILT / f"{name}Function" for name in TO_REACH)]
    shipped = sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())
    yield Row(figure="layer and functions (MB)", product=shipped / 2**20, to_reach=8, digits=1)
