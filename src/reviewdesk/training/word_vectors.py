"""Vectors of words and of products from prepared reviews."""

from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reviewdesk.errors import InputError, UsageError
from reviewdesk.formats.archive import unpacked
from reviewdesk.formats.fasttext_model import is_fasttext, write_fasttext
from reviewdesk.formats.word_vectors import (
    WordVectors,
    read_word_vectors,
    write_binary_vectors,
    write_text_vectors,
)
from reviewdesk.models.vectors.fasttext_use import ARCHIVE_SUFFIX, FastTextUser
from reviewdesk.models.vectors.mapping import choose_rows
from reviewdesk.models.vectors.reading import VectorShape, reading
from reviewdesk.models.vectors.review_lines import review_lines
from reviewdesk.models.vectors.sif import MOST_TEXTS, TextVectors
from reviewdesk.models.vectors.word_learning import (
    LearntWords,
    WordVectorSettings,
    learn_word_vectors,
)
from reviewdesk.models.vectors.words import WordIndex, find_words, word_keys
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.settings import TextSettings
from reviewdesk.storage import write_then_rename
from reviewdesk.text.hashing import hash64

TEXT_SUFFIXES: Final = (".vec", ".txt")
FASTTEXT_SUFFIXES: Final = (".bin", ".ftz")
BINARY_SUFFIX: Final = ".w2v"
ARCHIVED_VECTORS: Final = "vectors.txt"
"""What BlazingText calls its vectors of words."""
LINES_ONLY: Final = VectorShape(line_ends=False)


def train_word_vectors(
    data: PreparedData,
    out: Path,
    settings: WordVectorSettings,
    text: TextSettings,
    progress: Progress = SILENT,
) -> LearntWords:
    """Learn vectors of the words of all reviews and write them.

    Args:
        data: prepared reviews.
        out: the file: ``.vec`` or ``.txt`` for text, ``.bin`` for fastText's, ``.w2v`` for
            word2vec's binary form.
        settings: how to learn.
        text: which fields are read.
        progress: shows how far it has come.

    Raises:
        UsageError: the file's name says none of these.
        NotEnoughData: too few words occur often enough.
        StorageError: it cannot be written.
    """
    if out.suffix not in (*TEXT_SUFFIXES, BINARY_SUFFIX, ".bin"):
        raise UsageError(f"{out} must end in .vec, .bin or .w2v, which says what is written")
    columns = text.fields
    with reading(LINES_ONLY) as reader:
        with progress.task("Reading", data.rows, "reviews") as task:
            for batch in data.batches(columns=["review_id", "customer_id", *columns]):
                writers = pc.coalesce(batch.column("customer_id"), batch.column("review_id"))
                reader.add(review_lines(batch, columns), hash64(writers))
                task.advance(len(batch))
        vocabulary, texts = choose_rows(reader.finish(), settings.min_count, 1, 0)
        with progress.task("Learning", None, "words"):
            learnt = learn_word_vectors(vocabulary, texts, settings)
    if out.suffix == ".bin":
        write_fasttext(out, learnt.to_fasttext())
    else:
        words = [word.decode() for word in learnt.vocabulary.spelling]
        write = write_binary_vectors if out.suffix == BINARY_SUFFIX else write_text_vectors
        write(out, WordVectors(words, learnt.vectors))
    return learnt


def open_word_vectors(path: Path) -> WordVectors:
    """Read vectors of words in any form.

    Args:
        path: fastText's ``.bin`` or ``.ftz``, either form of word2vec (whose binary files may end
            in ``.bin`` too), or BlazingText's ``model.tar.gz`` with ``vectors.txt`` in it.

    Raises:
        InputError: it is none of these, or damaged.
        BundleError: the archive is damaged or hostile.
        StorageError: it cannot be opened.
    """
    if path.name.endswith(ARCHIVE_SUFFIX):
        with unpacked(path) as folder:
            if not (folder / ARCHIVED_VECTORS).is_file():
                raise InputError(f"{path} holds no {ARCHIVED_VECTORS}")
            return read_word_vectors(folder / ARCHIVED_VECTORS)
    if path.suffix in FASTTEXT_SUFFIXES and is_fasttext(path):
        user = FastTextUser.open(path)
        words = [word.decode(errors="replace") for word in user.model.words]
        return WordVectors(words, user.word_vectors(words))
    return read_word_vectors(path)


def product_vectors(
    data: PreparedData,
    vectors: WordVectors,
    out: Path,
    text: TextSettings,
    progress: Progress = SILENT,
) -> tuple[int, int]:
    """Write the mean vector of each product's reviews, as ``find similar --vectors`` reads it.

    A review's vector is the mean of its words', in which frequent words count little. Reviews
    without a known word, and products without such reviews, have none.

    Args:
        data: prepared reviews.
        vectors: of words.
        out: the Parquet file: product_id and vector.
        text: which fields are read.
        progress: shows how far it has come.

    Returns:
        How many products have a vector, and how many have none.

    Raises:
        InputError: no word of the reviews has a vector.
        StorageError: it cannot be written.
    """
    maker = text_vectors(data, vectors, text)
    number_of: dict[str, int] = {}
    sums: list[np.ndarray[tuple[int], np.dtype[np.float64]]] = []
    with progress.task("Reading", data.rows, "reviews") as task:
        for batch in data.batches(columns=["product_id", *text.fields]):
            batch_vectors = maker.embed(batch).astype(np.float64)
            lengths = np.linalg.norm(batch_vectors, axis=1)
            for row, product in enumerate(batch.column("product_id").to_pylist()):
                if product is None:
                    continue
                number = number_of.setdefault(product, len(number_of))
                if number == len(sums):
                    sums.append(np.zeros(batch_vectors.shape[1]))
                if lengths[row] > 0:
                    sums[number] += batch_vectors[row] / lengths[row]
            task.advance(len(batch))
    has = [bool(total.any()) for total in sums]
    if not any(has):
        raise InputError("no word of these reviews has a vector")
    ids = [product for product, number in number_of.items() if has[number]]
    means = np.array([sums[number_of[product]] for product in ids])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    lists = pa.FixedSizeListArray.from_arrays(
        pa.array(means.astype(np.float32).ravel()), means.shape[1]
    )
    with write_then_rename(out) as file:
        pq.write_table(pa.table({"product_id": ids, "vector": lists}), file)
    return len(ids), len(number_of) - len(ids)


def text_vectors(data: PreparedData, vectors: WordVectors, text: TextSettings) -> TextVectors:
    """Count the words of reviews and learn what their texts have in common, to embed any text.

    Args:
        data: prepared reviews.
        vectors: of words.
        text: which fields are read.

    Raises:
        InputError: there are no reviews.
    """
    words = [word.encode() for word in vectors.words]
    keys = word_keys(words)
    counts = np.zeros(len(words), np.int64)
    first = None
    with reading(LINES_ONLY) as reader:
        for batch in data.batches(columns=list(text.fields), batch_rows=MOST_TEXTS):
            lines = review_lines(batch, text.fields)
            first = first or lines
            reader.add(lines, np.zeros(len(lines), np.uint64))
        read = reader.finish()
        places = find_words(WordIndex.of_keys(read.keys), keys)
        counts[places >= 0] = read.counts[places[places >= 0]]
    if first is None:
        raise InputError("there are no reviews")
    return TextVectors.of(words, vectors.vectors, counts, first, text.fields)
