"""`background-sync dashboard`: where to see in a browser how sync is doing."""

import webbrowser
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from background_sync_ops.cli.errors import WELL, CommandError
from background_sync_ops.cli.output import clean, console, print_json, print_line
from background_sync_ops.cli.where import Where
from background_sync_ops.target import Target


@dataclass(frozen=True)
class Place:
    """An address, and whether CloudWatch's dashboard is there or the status page."""

    url: str
    kind: Literal["dashboard", "page"]


def dashboard(where: Where, *, in_browser: bool, as_json: bool) -> int:
    """The exit status; raises `CommandError` where there is no address, or no browser to open it in."""
    place = _place(where.target())
    if place.kind == "page":
        console(stderr=True).print("The local stack has no CloudWatch; its status page:", soft_wrap=True)
    if as_json:
        print_json(asdict(place))
    else:
        print_line(clean(place.url))
    if in_browser and not webbrowser.open(place.url):
        raise CommandError("no browser could be opened: open the address yourself")
    return WELL


def _place(target: Target) -> Place:
    if target.is_local:
        return Place(target.outputs["ApiUrl"], "page")
    return Place(_dashboard_url(target.name, target.outputs), "dashboard")


def _dashboard_url(name: str, outputs: Mapping[str, str]) -> str:
    if "DashboardUrl" not in outputs:
        raise CommandError(
            f"{name} has no output DashboardUrl, for it is of an older template: deploy this one, "
            "with `make build` and `sam deploy`"
        )
    return outputs["DashboardUrl"]
