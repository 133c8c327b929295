"""Builds HTML. Only this module turns text into HTML, and it escapes all text."""

from collections.abc import Iterable
from html import escape
from typing import Union

VOID = frozenset({"br", "link", "meta", "path", "rect"})
"""Elements that have neither content nor an end tag."""
SVG = frozenset({"path", "rect"})


class Html(str):
    """Text that is HTML already, so it is not escaped again."""

    __slots__ = ()


Child = Union[str, None, Iterable["Child"]]  # noqa: UP007 - it names itself


def el(tag: str, *children: Child, **attributes: str | int | float | bool | None) -> Html:
    """An element. `class_` stands for class and `aria_label` for aria-label.

    True writes an attribute without a value; None and False leave it out.
    """
    text = "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in VOID:
        return Html(f"<{tag}{text}{'/' if tag in SVG else ''}>")
    return Html(f"<{tag}{text}>{join(*children)}</{tag}>")


def join(*children: Child) -> Html:
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
    name = name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
