"""Writes sentences: expands the grammar for many of them at once and sets the text.

There is no Python object per review or word: a block's symbols are one array, expanded round by
round until only pieces of text are left, and Arrow sets these on end.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.sources.generated.grammar import Grammar
from reviewdesk.sources.generated.rolls import (
    Bits,
    Flags,
    Ints,
    Rolls,
    cubed,
    scaled,
    squared,
)
from reviewdesk.sources.generated.sections import CONTEXTS

Symbols = NDArray[np.int32]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Sentences:
    """What a block's sentences are about.

    Args:
        family: the product family that each is about, (n,).
        context: one row for each of `CONTEXTS`, (contexts, n).
    """

    family: Ints
    context: NDArray[np.int32]

    @classmethod
    def about(cls, family: Ints, **contexts: Ints | Flags) -> "Sentences":
        """Make sentences from the contexts that matter; the others are 0."""
        context = np.zeros((len(CONTEXTS), len(family)), dtype=np.int32)
        for name, values in contexts.items():
            context[CONTEXTS.index(name)] = values
        return cls(family, context)


@dataclass(frozen=True)
class Text:
    """Text set on end: the bytes, and where each piece begins (one more offset than pieces)."""

    data: Bytes
    offsets: Ints

    def strings(self, bounds: Ints) -> pa.StringArray:
        """Cut the text into strings at the given pieces (one more bound than strings)."""
        cuts = pa.py_buffer(self.offsets[bounds].astype(np.int32))
        return pa.StringArray.from_buffers(len(bounds) - 1, cuts, pa.py_buffer(self.data))


class Writer:
    """Writes with a grammar and a catalogue's own words.

    Args:
        grammar: the language.
        words: one column for each of the grammar's slots, as far as they are known; a row a family.
    """

    def __init__(self, grammar: Grammar, words: list[pa.StringArray]) -> None:
        self.grammar = grammar
        self.families = len(words[0]) if words else 0
        self._dictionary = pa.concat_arrays([grammar.pieces, *words])

    def expand(
        self,
        symbols: Symbols,
        owner: Ints,
        sentences: Sentences,
        rolls: Rolls,
        roll: Bits | None = None,
    ) -> tuple[Symbols, Ints]:
        """Replace rules by what they stand for until only pieces and slots are left.

        Args:
            symbols: what to expand, (m,).
            owner: the sentence that each symbol belongs to, (m,), not falling.
            sentences: what they are about.
            rolls: the randomness of all choices.
            roll: 32 random bits each for the first round's choices, (m,), instead.

        Returns:
            The symbols that are left and the sentence that each belongs to.
        """
        grammar = self.grammar
        while True:
            rules = np.flatnonzero(symbols >= grammar.first_rule)
            if not len(rules):
                return symbols, owner
            rolled = rolls.halves(len(rules)) if roll is None else roll[rules]
            roll = None
            chosen = self._choose(symbols[rules], owner[rules], sentences, rolled)
            lengths = np.ones(len(symbols), dtype=np.int64)
            lengths[rules] = grammar.production_length[chosen]
            source = symbols.astype(np.int64)
            source[rules] = grammar.production_start[chosen]
            ends = np.cumsum(lengths)
            shift = np.repeat(source - ends + lengths, lengths)
            symbols = grammar.body[np.arange(len(shift)) + shift]
            owner = np.repeat(owner, lengths)

    def _choose(self, symbols: Symbols, owner: Ints, sentences: Sentences, roll: Bits) -> Ints:
        """Return the production that each rule is replaced by."""
        grammar = self.grammar
        rule = symbols - grammar.first_rule
        flat = sentences.context.reshape(-1)
        where = grammar.rule_context[rule].astype(np.int64) * len(sentences.family) + owner
        row = grammar.rule_row[rule] + flat[where]
        uneven = grammar.row_uneven[row]
        roll = np.where(uneven > 1, cubed(roll), np.where(uneven > 0, squared(roll), roll))
        chosen = scaled(roll, grammar.row_count[row].astype(np.int64))
        return np.asarray(chosen + grammar.row_start[row], dtype=np.int64)

    def set(self, symbols: Symbols, owner: Ints, sentences: Sentences) -> Text:
        """Set pieces and slots on end as text."""
        slots = np.flatnonzero(symbols >= len(self.grammar.pieces))
        entries = symbols.astype(np.int64)
        column = entries[slots] - len(self.grammar.pieces)
        entries[slots] = (
            len(self.grammar.pieces) + column * self.families + sentences.family[owner[slots]]
        )
        taken = self._dictionary.take(pa.array(entries))
        _, offsets, data = taken.buffers()
        cuts = np.frombuffer(offsets, dtype=np.int32)[: len(taken) + 1].astype(np.int64)
        written = np.frombuffer(data, dtype=np.uint8)[: cuts[-1]] if data else np.empty(0, np.uint8)
        return Text(written.copy(), cuts)

    def write(self, rule: str, sentences: Sentences, rolls: Rolls) -> pa.StringArray:
        """Write one short text for each sentence, all by the same rule."""
        count = len(sentences.family)
        symbols = np.full(count, self.grammar.rules[rule], dtype=np.int32)
        return self.write_each(symbols, sentences, rolls)

    def write_each(self, symbols: Symbols, sentences: Sentences, rolls: Rolls) -> pa.StringArray:
        """Write one short text for each sentence, by the rule given for it."""
        count = len(symbols)
        left, owner = self.expand(symbols, np.arange(count), sentences, rolls)
        bounds = np.searchsorted(owner, np.arange(count + 1))
        return self.set(left, owner, sentences).strings(bounds)
