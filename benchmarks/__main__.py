"""The product beside a port of the original algorithm: prints the table and writes docs/performance.md."""

import argparse
import sys
from collections.abc import Iterable
from typing import Protocol

from benchmarks import dispatching, flags, intake, report, starts, survey, verifying
from benchmarks.figures import Curve, Row
from benchmarks.stage import Stage, staged


class Group(Protocol):
    """Measures one kind of cost; `large` adds the largest sizes."""

    def __call__(self, stage: Stage, *, large: bool) -> Iterable[Row | Curve]: ...


GROUPS: dict[str, Group] = {
    "survey": survey.measured,
    "flags": flags.measured,
    "starts": starts.measured,
    "verifying": verifying.measured,
    "dispatching": dispatching.measured,
    "intake": intake.measured,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--large", action="store_true", help="also 10⁶ contacts and 10⁵ workspaces")
    parser.add_argument("--only", choices=GROUPS, help="measure these costs, and write nothing")
    asked = parser.parse_args()
    groups = [asked.only] if asked.only else list(GROUPS)
    found = list[Row | Curve]()
    for name in groups:
        print(f"measuring: {name}", file=sys.stderr)  # noqa: T201
        with staged() as stage:
            found += GROUPS[name](stage, large=asked.large)
    rows = [each for each in found if isinstance(each, Row)]
    curves = [each for each in found if isinstance(each, Curve)]
    print(report.table(rows), report.growth(curves), sep="\n\n")  # noqa: T201
    if not asked.only:
        report.write(rows, curves)
    missed = [each.y for each in curves if not each.reached]
    if missed:
        print(f"these grow faster than they may: {', '.join(missed)}", file=sys.stderr)  # noqa: T201
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
