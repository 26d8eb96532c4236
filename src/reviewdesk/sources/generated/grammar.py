"""The grammar that the generated corpus is written with: sections compiled into arrays."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.sources.generated.sections import CONTEXTS, Sections

SLOTS: Final = ("noun", "a noun", "brand", "hero", "name")
"""What the catalogue fills in, a word or phrase for every product family."""

JOINTS: Final = ("", " ", "  ", "<br /><br />")
"""What may stand between sentences: the first pieces of every grammar."""

NOTHING: Final = 0
"""The symbol of the empty piece."""

LEAD: Final = "lead "
"""The rule for what leads over to a sentence."""

_FILES: Final = (
    "words", "qualities", "doings", "digressions", "sentences", "categories", "aspects",
)  # fmt: skip
_SLOT: Final = re.compile(r"\{([^{}]*)\}")
_AN: Final = re.compile(r"(?!one\b|uni|use|eu)[aeiou8]|hour|honest", re.IGNORECASE)
_SECOND: Final = {"aspect2": "aspect", "verdict2": "verdict"}  # the same for another aspect


@dataclass(frozen=True)
class Category:
    """One category and how it is spoken about.

    Args:
        name: as in a file.
        share: its share of the products, in thousandths.
        work: whether its products are works of authors, not goods.
        person: whether makers are persons, not coined names.
        partner: the name of the category that it is most easily taken for.
        aspects: the numbers of what is judged in it.
    """

    name: str
    share: int
    work: bool
    person: bool
    partner: str
    aspects: tuple[int, ...]


@dataclass(frozen=True)
class Grammar:
    """Pieces of text, slots and rules, numbered in this order as symbols.

    Args:
        pieces: the text of the first symbols.
        rules: the symbol of each rule.
        body: symbols of all productions on end; the pieces and slots come first, each for itself.
        production_start, production_length: where in body a production's symbols stand.
        row_start, row_count: a row's productions.
        row_uneven: how much more a row's first productions are chosen: 0 not, 1 more, 2 very much.
        rule_row, rule_context: a rule's first row, and the number of the context added to it.
        categories: what is sold.
        shared_aspects: the aspects that every category has.
        plural_aspects: whether each aspect is a plural, as in straps.
    """

    pieces: pa.StringArray
    rules: dict[str, int]
    body: NDArray[np.int32]
    production_start: NDArray[np.int32]
    production_length: NDArray[np.int32]
    row_start: NDArray[np.int32]
    row_count: NDArray[np.int32]
    row_uneven: NDArray[np.int8]
    rule_row: NDArray[np.int32]
    rule_context: NDArray[np.int8]
    categories: tuple[Category, ...]
    shared_aspects: tuple[int, ...]
    plural_aspects: NDArray[np.bool_]

    @property
    def first_rule(self) -> int:
        """The first symbol that is a rule."""
        return len(self.pieces) + len(SLOTS)


@cache
def load_grammar() -> Grammar:
    """Read and compile the language files that come with the package."""
    folder = files("reviewdesk.sources.generated") / "language"
    return compile_grammar([(folder / f"{name}.txt").read_text("utf-8") for name in _FILES])


def compile_grammar(texts: list[str]) -> Grammar:
    """Compile language files.

    Raises:
        ValueError: a slot names no section, or a section is missing for some context.
    """
    return _Compiler(Sections(texts)).compile()


@dataclass(frozen=True)
class _Row:
    """Productions as tokens: ``=text`` for a piece, ``>name`` for a slot or rule."""

    productions: list[list[str]]
    uneven: int


class _Compiler:
    """Numbers the symbols and lays the productions out."""

    def __init__(self, sections: Sections) -> None:
        self.sections = sections
        self.pieces = {text: number for number, text in enumerate(JOINTS)}
        self.rows: list[_Row] = []
        self.rules: dict[str, tuple[int, str]] = {}  # name -> first row, context

    def compile(self) -> Grammar:
        for name in self.sections.rules:
            self._add(name)
        if LEAD.strip() in self.sections.rules:
            self._add(LEAD)
        for second, first in _SECOND.items():
            self.rules[second] = (self.rules[first][0], second)
        return self._grammar()

    def _add(self, name: str) -> None:
        """Lay out a rule, plain or derived, and every rule that it leads to."""
        if name in self.rules or name in _SECOND:
            return
        plain = name.strip().removeprefix("a ")
        if plain not in self.sections.rules:
            raise ValueError(f"no section is called {plain!r}")
        rule = self.sections.rules[plain]
        sections = [rule.section(value) for value in range(self.sections.values(rule.context))]
        rows = [_Row([_tokens(o, name) for o in s.alternatives], s.uneven) for s in sections]
        self.rules[name] = (len(self.rows), rule.context)
        self.rows.extend(rows)
        for part in (part for row in rows for one in row.productions for part in one):
            if part[0] == "=":
                self.pieces.setdefault(part[1:], len(self.pieces))
            elif part[1:] not in SLOTS:
                self._add(part[1:])

    def _grammar(self) -> Grammar:
        first_slot = len(self.pieces)
        first_rule = first_slot + len(SLOTS)
        symbols = {"=" + text: number for text, number in self.pieces.items()}
        symbols |= {">" + name: first_rule + number for number, name in enumerate(self.rules)}
        symbols |= {">" + name: first_slot + number for number, name in enumerate(SLOTS)}
        productions = [one for row in self.rows for one in row.productions]
        body = [*range(first_rule), *(symbols[part] for one in productions for part in one)]
        lengths = np.array([len(one) for one in productions], dtype=np.int32)
        counts = np.array([len(row.productions) for row in self.rows], dtype=np.int32)
        return Grammar(
            pieces=pa.array(self.pieces, pa.string()),
            rules={name: first_rule + number for number, name in enumerate(self.rules)},
            body=np.array(body, dtype=np.int32),
            production_start=(first_rule + np.cumsum(lengths) - lengths).astype(np.int32),
            production_length=lengths,
            row_start=(np.cumsum(counts) - counts).astype(np.int32),
            row_count=counts,
            row_uneven=np.array([row.uneven for row in self.rows], dtype=np.int8),
            rule_row=np.array([row for row, _ in self.rules.values()], dtype=np.int32),
            rule_context=np.array([CONTEXTS.index(c) for _, c in self.rules.values()], np.int8),
            categories=tuple(self._category(*one) for one in self.sections.categories),
            shared_aspects=self._aspects("all"),
            plural_aspects=np.array([name[-1] == "s" for name, _ in self.sections.aspects]),
        )

    def _category(self, name: str, values: list[str]) -> Category:
        share, kind, maker, partner = values
        aspects = self._aspects(name)
        return Category(name, int(share), kind == "work", maker == "person", partner, aspects)

    def _aspects(self, category: str) -> tuple[int, ...]:
        known = enumerate(self.sections.aspects)
        return tuple(number for number, (_, categories) in known if category in categories)


def _tokens(alternative: str, rule: str) -> list[str]:
    """Divide an alternative into tokens as a rule, plain or derived, wants it."""
    if not alternative:
        return []
    if rule.startswith("a ") and alternative[0] == "{":
        alternative = "{a " + alternative[1:]
    elif rule.startswith("a "):
        alternative = f"{'an' if _AN.match(alternative) else 'a'} {alternative}"
    if alternative[-1] == "." and alternative.strip("."):
        alternative = alternative[:-1] + "{stop}"
    before, after = rule[: len(rule) - len(rule.lstrip())], rule[len(rule.rstrip()) :]
    if alternative[0] == ",":
        before = ""
    parts = _SLOT.split(before + alternative + after)
    tokens = [(">" if place % 2 else "=") + part for place, part in enumerate(parts)]
    return [part for part in tokens if part != "="]
