"""Every command in README and docs, as words."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_TOOL = r"(?:\.venv/bin/|\.tools/bin/)?(?:background-sync|sam|aws|make) "
_BLOCK_LINE = re.compile(rf"^ {{4}}(?:\w+=\$\()?({_TOOL}(?:\\\n|[^\n])*)", re.MULTILINE)
_INLINE = re.compile(rf"(?<!`)`({_TOOL}[^`]*)`")
_PARTS = re.compile(r" (?:\||&&|>>?) |\)$")


@dataclass(frozen=True)
class Documented:
    page: str
    words: tuple[str, ...]

    @property
    def tool(self) -> str:
        return self.words[0].rpartition("/")[2]

    @property
    def options(self) -> dict[str, str]:
        pairs = zip(self.words, (*self.words[1:], ""), strict=True)
        return {name: value for name, value in pairs if name.startswith("--")}

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"


def commands(*tools: str) -> list[Documented]:
    found = (Documented(page.name, words) for page in PAGES for words in _words(page.read_text("utf-8")))
    return [each for each in found if each.tool in tools]


def _words(text: str) -> Iterator[tuple[str, ...]]:
    for pattern in (_BLOCK_LINE, _INLINE):
        for line in pattern.findall(text):
            joined = re.sub(r"\\\n\s*", " ", line) if pattern is _BLOCK_LINE else " ".join(line.split())
            words = shlex.split(_PARTS.split(joined)[0].replace("…", ""), comments=True)
            yield tuple(words)
