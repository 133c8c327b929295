"""What reading a workspace's contacts costs: capacity units, processor time and memory."""

from collections.abc import Iterator

from benchmarks.figures import FLAT, Curve, Row
from benchmarks.stage import BARE, PORT, PRODUCT, REPEATS, Run, Stage

KB = 1024
FEW, MANY = 2_000, 20_000


def measured(stage: Stage, *, large: bool) -> Iterator[Row | Curve]:
    with stage.runs(PRODUCT) as product, stage.runs(PORT) as port, stage.runs(BARE) as bare:
        yield from _reads(stage, product, port)
        with stage.unmetered():
            yield from _cpu(stage, product, port, bare)
            yield from _cpu_curves(stage, product, port, large=large)
    yield _memory(stage, 10**6 if large else 10**5)


def _reads(stage: Stage, product: Run, port: Run) -> Iterator[Row | Curve]:
    def read(run: Run, count: int, size: int = 2 * KB) -> float:
        return run(stage.crowd(count, size=size).workspace_id).read("Contacts")

    for size in (2, 20):
        ours, theirs = (read(run, 1_000, size * KB) for run in (product, port))
        name = f"read units per 1,000 contacts of {size} KB"
        yield Row(figure=name, original=theirs, product=ours, to_reach=13, digits=1)
    yield Curve(
        y="read units",
        x="contacts of 2 KB",
        product=[(count, read(product, count)) for count in (0, 100, 1_000, 10_000, 100_000)],
        original=[(count, read(port, count)) for count in (0, 100, 1_000, 10_000)],
    )
    sizes = (512, 2 * KB, 8 * KB, 32 * KB, 128 * KB)
    yield Curve(
        y="read units of 2,000 contacts",
        x="bytes of a contact",
        product=[(size, read(product, 2_000, size)) for size in sizes],
        original=[(size, read(port, 2_000, size)) for size in sizes],
        limit=FLAT,
    )


def _cpu(stage: Stage, product: Run, port: Run, bare: Run) -> Iterator[Row]:
    def each(run: Run, stale: float) -> float:
        return (_best(stage, run, MANY, stale) - _best(stage, run, FEW, stale)) / (MANY - FEW) * 1000

    client = each(bare, 0)
    for percent, to_reach in ((0, 0.2), (50, 0.3)):
        ours, theirs = (each(run, percent / 100) for run in (product, port))
        yield Row(
            figure=f"processor time per contact, {percent} % stale, in that of boto3's bare client",
            original=theirs / client,
            product=ours / client,
            to_reach=to_reach,
            digits=2,
            remark=f"{theirs:.1f}, {ours:.1f}, and the client's {client:.1f} µs",
        )


def _cpu_curves(stage: Stage, product: Run, port: Run, *, large: bool) -> Iterator[Curve]:
    counts = (0, 100, 1_000, 10_000, 100_000, *([1_000_000] if large else []))
    yield Curve(
        y="processor time (ms)",
        x="contacts of 2 KB",
        product=[(count, _best(stage, product, count)) for count in counts],
        original=[(count, _best(stage, port, count)) for count in counts[:4]],
    )
    yield Curve(
        y="processor time of 10⁴ contacts (ms)",
        x="stale (%)",
        product=[(each, _best(stage, product, 10**4, each / 100)) for each in (1, 20, 40, 60, 80, 100)],
        original=[(each, _best(stage, port, 10**4, each / 100)) for each in (1, 50, 100)],
    )


def _best(stage: Stage, run: Run, count: int, stale: float = 0) -> float:
    return min(run(stage.crowd(count, stale=stale).workspace_id).cpu for _ in range(REPEATS))


def _memory(stage: Stage, most: int) -> Row:
    def peak(module: str, count: int) -> float:
        with stage.unmetered(), stage.runs(module) as run:
            return run(stage.crowd(count).workspace_id).peak

    ours, theirs = (
        [peak(PRODUCT, each) for each in (10**4, most)],
        [peak(PORT, each) for each in (10**4, 10**5)],
    )
    return Row(
        figure=f"peak memory of {most:,} contacts, in that of 10,000",
        original=theirs[1] / theirs[0],
        product=ours[1] / ours[0],
        to_reach=1.1,
        digits=2,
        remark="{:.0f} to {:.0f} MB (of 100,000), {:.0f} to {:.0f} MB".format(*theirs, *ours),
    )
