"""HTML that cannot be anything but escaped: texts become HTML only here."""

from collections.abc import Iterable
from html import escape
from typing import Union

VOID = frozenset({"br", "link", "meta", "path", "rect"})
"""Without content, and written without an end tag where HTML wants none."""
SVG = frozenset({"path", "rect"})


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = Union[str, None, Iterable["Child"]]  # noqa: UP007 - it names itself


def el(tag: str, *children: Child, **attributes: str | int | float | bool | None) -> Html:
    """An element. `class_` is class and `aria_label` aria-label; True is an attribute without a value, None
    and False are none."""
    written = "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in VOID:
        return Html(f"<{tag}{written}{'/' if tag in SVG else ''}>")
    return Html(f"<{tag}{written}>{join(*children)}</{tag}>")


def join(*children: Child) -> Html:
    """One after the other; None is nothing."""
    return Html("".join(map(_child, children)))


def _child(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    return escape(child) if isinstance(child, str) else join(*child)


def _attribute(name: str, value: str | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    written = name.rstrip("_").replace("_", "-")
    return f" {written}" if value is True else f' {written}="{escape(str(value))}"'
