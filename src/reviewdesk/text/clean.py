"""The project's one cleaning: from raw review text to plain text, Arrow to Arrow.

Every engine and the server call it, and a bundle carries its settings, so that a review scores
the same on every way. Each row is looked over once; only rows that need work are worked on.
"""

import re
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.errors import InputError
from reviewdesk.schema import TEXT_COLUMNS
from reviewdesk.settings import CleanSettings
from reviewdesk.text.buffers import Buffers, buffers
from reviewdesk.text.compiled import compiled
from reviewdesk.text.markup import Bytes, Markup, entities, strip_markup, tags
from reviewdesk.text.spacing import tidy
from reviewdesk.text.utf8 import copy

BODY: Final = "review_body"

_MARKUP: Final = 1  # may hold a tag, a reference or an escaped quote
_SPACING: Final = 2  # may hold white space, control or invisible characters to tidy
_HIDDEN: Final = 4  # these may stand inside a tag, so they are tidied before it is read

_LARGEST: Final = 2**31 - 1

# The lowest first byte of characters that a normal form may change. Below U+0300 all text is in
# NFC (Unicode Standard Annex 15); NFKC changes characters from U+00A0 on.
_FORM_STARTS: Final = {"NFC": 0xCC, "NFKC": 0xC2}

# A normal form sorts the marks on one letter in quadratic time: a review of nothing but marks
# would take hours. No writing puts more than 30 on one (the Stream-Safe Text Format, Annex 15).
_TOO_MANY_MARKS: Final = r"(\pM{30})\pM+"
_SPACING_ONLY: Final = CleanSettings(html=False, backslash_quotes=False)


def _byte_kinds() -> NDArray[np.uint8]:
    kinds = np.zeros(256, np.uint8)
    kinds[[ord(c) for c in "<&\\"]] = _MARKUP
    kinds[[0x09, 0x0A, 0x0D]] = _SPACING
    controls = [*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F]
    kinds[[*controls, 0xC2, 0xE1, 0xE2, 0xE3, 0xEF]] = _SPACING | _HIDDEN
    return kinds


_KINDS: Final = _byte_kinds()


def clean_text(values: pa.Array, settings: CleanSettings) -> pa.StringArray:
    """Return texts without markup, in one Unicode form, with tidy white space; null stays null.

    ``<br />`` and other tags that begin a line become a newline, other tags go; references such
    as ``&#34;`` become characters; a run of white space becomes one space or one newline. In a
    normal form, the marks on a letter after the thirtieth go too.

    Args:
        values: (n,) raw texts of any Arrow string type.
        settings: what to do.

    Raises:
        TypeError: the values are not text.
        InputError: the texts are larger than one Arrow string array holds (2 GiB).
    """
    if values.null_count == len(values):
        return pa.nulls(len(values), pa.string())
    texts = _clean(buffers(values), settings)
    if settings.unicode_form == "none":
        return texts
    changing = _rows_with_byte_from(buffers(texts), _FORM_STARTS[settings.unicode_form])
    if not changing.any():
        return texts
    mask = pa.array(changing)
    found = texts.filter(mask)
    bounded = pc.replace_substring_regex(found, _TOO_MANY_MARKS, r"\1")
    normal = pc.utf8_normalize(bounded, settings.unicode_form)
    if normal.equals(found):
        return texts
    if settings.unicode_form == "NFKC":  # it makes new spaces: a lone accent becomes a space and it
        normal = _clean(buffers(normal), _SPACING_ONLY)
    return pc.replace_with_mask(texts, mask, normal)


def clean_batch(batch: pa.RecordBatch, settings: CleanSettings) -> pa.RecordBatch:
    """Return a batch of reviews with its text columns cleaned and everything else as it is."""
    columns = batch.columns
    for place, field in enumerate(batch.schema):
        if field.name in TEXT_COLUMNS:
            cleaned = clean_text(columns[place], settings)
            if settings.strip and field.name == BODY:
                cleaned = _stripped(cleaned, settings.strip)
            columns[place] = cleaned if cleaned.type == field.type else cleaned.cast(field.type)
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def _stripped(values: pa.StringArray, leftovers: tuple[str, ...]) -> pa.StringArray:
    """Return texts without leftovers of scraping at their beginning and end."""
    either = "|".join(re.escape(one.strip()) for one in leftovers if one.strip())
    if not either:
        return values
    begun = pc.replace_substring_regex(values, rf"\A(?:(?:{either})\s*)+", "")
    return pc.replace_substring_regex(begun, rf"(?:\s*(?:{either}))+\z", "")


def _clean(texts: Buffers, settings: CleanSettings) -> pa.StringArray:
    """Do all of the cleaning but the normal form."""
    size = int(texts.offsets[-1] - texts.offsets[0])
    out = np.empty(size + size // 2 + 1, np.uint8)  # tidy and strip_markup write no more than that
    ends = np.zeros(len(texts.offsets), np.int64)
    markup = Markup(tags(), entities(), settings.html, settings.backslash_quotes)
    _clean_rows(texts, _KINDS, markup, out, ends)
    if ends[-1] > _LARGEST:
        raise InputError("the texts of one batch are over 2 GiB; clean them in smaller batches")
    valid = None if texts.valid.all() else pa.array(texts.valid).buffers()[1]
    offsets = pa.py_buffer(ends.astype(np.int32))
    data = pa.py_buffer(out[: ends[-1]])
    return pa.StringArray.from_buffers(len(texts.valid), offsets, data, valid)


@compiled
def _clean_rows(
    texts: Buffers, kinds: Bytes, markup: Markup, out: Bytes, ends: NDArray[np.int64]
) -> None:
    """Write the cleaned texts to ``out`` and where each ends to ``ends[1:]``."""
    longest = 0
    for row in range(len(texts.valid)):
        longest = max(longest, texts.offsets[row + 1] - texts.offsets[row])
    visible = np.empty(2 * longest, np.uint8)
    plain = np.empty(2 * longest, np.uint8)
    length = 0
    for row in range(len(texts.valid)):
        if texts.valid[row]:
            text = texts.data[texts.offsets[row] : texts.offsets[row + 1]]
            kind = _look_over(text, kinds)
            if kind & _MARKUP:
                size = tidy(text, visible, 0) if kind & _HIDDEN else copy(text, visible, 0)
                size = strip_markup(visible[:size], markup, plain)
                length = tidy(plain[:size], out, length)
            elif kind & _SPACING:
                length = tidy(text, out, length)
            else:
                length = copy(text, out, length)
        ends[row + 1] = length


@compiled
def _look_over(text: Bytes, kinds: Bytes) -> int:
    """Return the kinds of work that a text may need."""
    kind = 0
    previous = 32
    for byte in text:
        kind |= kinds[byte]
        if byte == 32 and previous == 32:
            kind |= _SPACING
        previous = byte
    return kind | _SPACING if previous == 32 else kind


@compiled
def _rows_with_byte_from(texts: Buffers, lowest: int) -> NDArray[np.bool_]:
    """Say which texts hold a byte of at least a value."""
    found = np.zeros(len(texts.valid), np.bool_)
    for row in range(len(found)):
        highest = 0
        for at in range(texts.offsets[row], texts.offsets[row + 1]):
            highest = max(highest, texts.data[at])
        found[row] = highest >= lowest
    return found
