"""Augmented manifests: JSON lines with ``source`` and ``label``, as BlazingText reads them.

Through a pipe, the value of each attribute of a line is a record of its own, in a fixed order.

Source: Amazon SageMaker developer guide, BlazingText, augmented manifest text format; "Provide
dataset metadata to training jobs with an augmented manifest file".
"""

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from reviewdesk.errors import InputError
from reviewdesk.formats.fasttext import PREFIX
from reviewdesk.formats.json_lines import json_lines

SOURCE: Final = "source"
LABEL: Final = "label"
REFERENCE: Final = "-ref"
"""What an attribute's name ends with whose value is the address of an object."""
MOST_ATTRIBUTES: Final = 16


def augmented_manifest_lines(
    labels: Iterable[int | Sequence[int]], texts: Iterable[Sequence[str]]
) -> bytes:
    """Return one line a text.

    Args:
        labels: each text's label, as a number, or its labels.
        texts: each text's words.
    """
    pairs = zip(labels, texts, strict=True)
    return json_lines({"source": " ".join(words), "label": label} for label, words in pairs)


def attribute_value(value: Any) -> bytes:
    """Return an attribute's value as it is streamed: a text as it is, all else as JSON."""
    return (value if isinstance(value, str) else json.dumps(value)).encode()


def training_lines(
    records: Iterable[bytes], attributes: Sequence[str], name: str
) -> Iterator[bytes]:
    """Yield lines as of fastText's training files from the records of an augmented manifest.

    Args:
        records: the values of the attributes, line after line of the manifest.
        attributes: the attributes that are streamed, in their order; ``source`` and ``label`` are
            used.
        name: what to call the stream in an error.

    Raises:
        InputError: there is no source or label, or the records do not fit the attributes.
    """
    if not {SOURCE, LABEL} <= set(attributes):
        raise InputError(f"{name} needs the attributes source and label, in the order of its pipe")
    source, label = attributes.index(SOURCE), attributes.index(LABEL)
    stream = iter(records)
    for number in itertools.count(1):
        values = list(itertools.islice(stream, len(attributes)))
        if not values:
            return
        if len(values) < len(attributes):
            raise InputError(
                f"{name} ends inside line {number}: it does not hold {len(attributes)} records a "
                f"line ({', '.join(attributes)})"
            )
        yield _labels(values[label], name, number) + b" ".join(values[source].split()) + b"\n"


def _labels(value: bytes, name: str, number: int) -> bytes:
    """Return a label, or the labels of a JSON list, each with fastText's prefix and a blank."""
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"the label of line {number} of {name} is not valid UTF-8") from error
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        parsed = text
    labels = parsed if isinstance(parsed, list) else [parsed]
    words = [f"{PREFIX}{one}" for one in labels if isinstance(one, str | int)]
    if len(words) < len(labels) or not words or any(len(word.split()) > 1 for word in words):
        raise InputError(
            f"the label of line {number} of {name} is no name and no list of names; records come "
            "in another order than the attributes say"
        )
    return "".join(f"{word} " for word in words).encode()
