"""Reads the language of the generated corpus from the text files in ``language/``.

A file is a list of sections. ``[name keys ~]`` opens one; below it stand the alternatives, divided
by line ends or `` | ``; ``~`` alone is the empty one. Keys say when the section holds: ``+`` or
``-`` for praise or fault, the name of a category, and so on (`KEYS`); a section without keys
holds wherever no other does. ``~`` at the end of the header makes the first alternatives more
frequent, ``~~`` very much more. In an alternative, ``{name}`` stands for another section,
``{name }`` and ``{ name}`` for the same with a space that goes away when it is empty, and
``{a name}`` for the same after *a* or *an*. A full stop at the end of an alternative is the
writer's to choose (``[stop]``).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

CONTEXTS: Final = (
    "none", "tone", "category", "naming", "household", "voice", "era", "maker", "stars", "number",
    "aspect", "verdict", "aspect2", "verdict2",
)  # fmt: skip
"""What an alternative may depend on; sentences carry one number for each."""

KEYS: Final = {
    "naming": ("named", "vague"),
    "household": ("husband", "wife", "single"),
    "voice": ("calm", "eager", "weary"),
    "number": ("one", "many"),
    "era": ("early", "middle", "late"),
    "maker": ("coined", "person"),
    "stars": ("1", "2", "3", "4", "5"),
}
TONES: Final = (("-", "goods"), ("+", "goods"), ("-", "work"), ("+", "work"))
"""The values of the context tone: fault or praise, of goods or of the work of an author."""

_HEADER: Final = re.compile(r"\[([^\]]*)\]")


@dataclass
class Section:
    """The alternatives of one rule in one context, and how much more the first ones come up."""

    alternatives: list[str]
    uneven: int = 0


@dataclass
class Rule:
    """What the choice between sections of one name depends on, and the section for each value."""

    context: str = "none"
    sections: dict[int, Section] = field(default_factory=dict)
    default: Section | None = None

    def section(self, value: int) -> Section:
        """Return the section that holds for a value of the rule's context.

        Raises:
            ValueError: there is none.
        """
        found = self.sections.get(value, self.default)
        if found is None:
            raise ValueError(f"a section is missing for {self.context} {value}")
        return found


class Sections:
    """The sections of some language files, sorted into rules.

    Args:
        texts: the files' contents.

    Raises:
        ValueError: a section has a key that is not known, or the name of another one.
    """

    def __init__(self, texts: list[str]) -> None:
        self.rules = {"aspect": Rule("aspect"), "verdict": Rule("verdict")}
        self.categories: list[tuple[str, list[str]]] = []  # name, values
        self.aspects: list[tuple[str, list[str]]] = []  # name, categories
        lines = [line for text in texts for line in text.splitlines() if line and line[0] != "#"]
        blocks = [(header.split(), body) for header, body in _blocks(lines)]
        for words, body in sorted(blocks, key=lambda block: block[0][0] != "category"):
            if words[0] == "category":
                self.categories.append((words[1], words[3:]))
            elif words[0] == "aspect":
                self._read_aspect(words[1:], body)
            else:
                self._read_section(words, body)

    def values(self, context: str) -> int:
        """Return how many values a context has."""
        aspects = len(self.aspects)
        sizes = {"none": 1, "tone": len(TONES), "category": len(self.categories)}
        sizes |= {"aspect": aspects, "verdict": 2 * aspects}
        return sizes[context] if context in sizes else len(KEYS[context])

    def _read_aspect(self, words: list[str], body: list[str]) -> None:
        equals = words.index("=")
        number, name = len(self.aspects), " ".join(words[:equals])
        self.aspects.append((name, words[equals + 1 :]))
        self.rules["aspect"].sections[number] = Section([name])
        for line in body:
            praise = "-+".index(line[0])
            section = Section(line[2:].split(" | "))
            self.rules["verdict"].sections[2 * number + praise] = section

    def _read_section(self, words: list[str], body: list[str]) -> None:
        uneven = len(words[-1]) if set(words[-1]) == {"~"} else 0
        name, keys = words[0], words[1 : len(words) - bool(uneven)]
        alternatives = [one for line in body for one in line.split(" | ")]
        section = Section(["" if one == "~" else one for one in alternatives], uneven)
        rule = self.rules.setdefault(name, Rule())
        if not keys:
            if rule.default is not None:
                raise ValueError(f"two sections are called {name!r}")
            rule.default = section
            return
        rule.context, values = self._values(keys)
        for value in values:
            # The section for praise of works stands, whatever comes for praise or for works.
            if len(keys) > 1 or value not in rule.sections:
                rule.sections[value] = section

    def _values(self, keys: list[str]) -> tuple[str, list[int]]:
        """Return the context that keys belong to, and the values that they stand for."""
        tones = [number for number, tone in enumerate(TONES) if set(keys) <= set(tone)]
        if tones:
            return "tone", tones
        names = [name for name, _ in self.categories]
        for context, allowed in {"category": names, **KEYS}.items():
            if keys[0] in allowed:
                return context, [list(allowed).index(key) for key in keys]
        raise ValueError(f"unknown key {keys[0]!r}")


def _blocks(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each header with the lines below it."""
    header, body = "", list[str]()
    for line in lines:
        opening = _HEADER.fullmatch(line)
        if opening is None:
            body.append(line)
            continue
        if header:
            yield header, body
        header, body = opening[1], []
    if header:
        yield header, body
