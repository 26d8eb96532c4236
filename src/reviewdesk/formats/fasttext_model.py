"""fastText's ``.bin`` and ``.ftz`` files, read and written without its library.

The files hold, without alignment and lowest byte first: a magic number and a version, the options
of training, the dictionary (words, then labels, each by how often it occurs), which n-grams are
left where some were pruned, and two matrices, plain or as product quantisers. The label's prefix,
the rate of learning and the number of threads are not stored.

Source: fastText at 1142dc4 (MIT), ``src/fasttext.cc``, ``args.cc``, ``dictionary.cc``,
``densematrix.cc``, ``quantmatrix.cc``, ``productquantizer.cc``.
"""

import mmap
import struct
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import InputError
from reviewdesk.formats.product_quantiser import CENTROIDS, ProductQuantiser
from reviewdesk.storage import storage_errors, write_then_rename

MAGIC: Final = 793712314
VERSION: Final = 12
SUPERVISED: Final = 3
MODELS: Final = {1: "cbow", 2: "skipgram", 3: "supervised"}
LOSSES: Final = {1: "hs", 2: "ns", 3: "softmax", 4: "ova"}
MODEL_NUMBERS: Final = {name: number for number, name in MODELS.items()}
LOSS_NUMBERS: Final = {name: number for number, name in LOSSES.items()}

LARGEST_DIM: Final = 65_536
LONGEST_NGRAM: Final = 1_000
MOST_ENTRIES: Final = 1 << 30
CHECKED_AT_ONCE: Final = 1 << 22
NOT_PRUNED: Final = -1
SMALLEST_ENTRY: Final = 10
"""Bytes of a word without letters: its end, how often it occurs and what it is."""


@dataclass(frozen=True)
class FastTextOptions:
    """The options of training that a file holds, in the file's order.

    Args:
        dim: numbers a vector.
        ws: words on either side that count as near.
        epoch: how often each text was read.
        min_count: how often a word occurs at least.
        neg: drawn words or labels for each true one, under the loss ``ns``.
        word_ngrams: the longest n-gram of words.
        loss: a number of ``LOSSES``.
        model: a number of ``MODELS``.
        bucket: how many rows n-grams are hashed to.
        minn: the shortest n-gram of characters.
        maxn: the longest; 0 for none.
        lr_update_rate: how often the rate of learning was changed, in words.
        t: above which share of all words a word is left out at random.
    """

    dim: int
    ws: int = 5
    epoch: int = 5
    min_count: int = 1
    neg: int = 5
    word_ngrams: int = 1
    loss: int = 3
    model: int = 3
    bucket: int = 0
    minn: int = 0
    maxn: int = 0
    lr_update_rate: int = 100
    t: float = 1e-4


_OPTIONS: Final = struct.Struct("<12id")


@dataclass(frozen=True, eq=False)
class QuantisedMatrix:
    """A matrix as one byte for each few columns, and where its rows' lengths are apart, one more.

    Args:
        codes: (m, parts) uint8.
        quantiser: what the codes mean.
        norm_codes: (m,) uint8, or None.
        norm_quantiser: what those mean.
    """

    codes: NDArray[np.uint8]
    quantiser: ProductQuantiser
    norm_codes: NDArray[np.uint8] | None = None
    norm_quantiser: ProductQuantiser | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.codes), self.quantiser.dim

    def dense(self) -> NDArray[np.float32]:
        """Return the matrix as numbers, (m, dim)."""
        return self.quantiser.decode(self.codes) * self.norms[:, None]

    @property
    def norms(self) -> NDArray[np.float32]:
        """What each row is to be multiplied by, (m,)."""
        if self.norm_codes is None or self.norm_quantiser is None:
            return np.ones(len(self.codes), np.float32)
        return self.norm_quantiser.decode(self.norm_codes[:, None])[:, 0]


Matrix: TypeAlias = NDArray[np.float32] | QuantisedMatrix


@dataclass(frozen=True, eq=False)
class FastTextModel:
    """What a fastText file holds.

    Args:
        options: how it was trained.
        words: the words as UTF-8 bytes, by how often they occur.
        labels: the labels with their prefix, as UTF-8 bytes; of use in supervised models only.
        counts: (words + labels,) int64, how often each occurs.
        tokens: how many words and labels were read.
        inputs: (words + rows of n-grams, dim).
        outputs: (labels, dim), or (words, dim) where the model is not supervised.
        pruned: (buckets that are left, 2) int64: bucket and the row among those of n-grams that it
            has, sorted by bucket; None where none was pruned.
    """

    options: FastTextOptions
    words: list[bytes]
    labels: list[bytes]
    counts: NDArray[np.int64]
    tokens: int
    inputs: Matrix
    outputs: Matrix
    pruned: NDArray[np.int64] | None = None

    @property
    def loss(self) -> str:
        """The loss's name."""
        return LOSSES[self.options.loss]

    @property
    def supervised(self) -> bool:
        """Whether it gives labels."""
        return self.options.model == SUPERVISED

    @property
    def quantised(self) -> bool:
        """Whether the matrix of words is quantised, as in ``.ftz`` files."""
        return isinstance(self.inputs, QuantisedMatrix)


def is_fasttext(path: Path) -> bool:
    """Say whether a file begins as fastText's do; word2vec's binary files may end in .bin, too.

    Raises:
        StorageError: it cannot be opened.
    """
    with storage_errors(str(path)), path.open("rb") as file:
        return file.read(4) == struct.pack("<i", MAGIC)


def read_fasttext(path: Path) -> FastTextModel:
    """Read a ``.bin`` or ``.ftz`` file that is not trusted.

    Matrices are mapped from the file; nothing larger than the file is ever allocated.

    Raises:
        InputError: it is no such file, damaged, or holds numbers that are not finite.
        StorageError: it cannot be opened.
    """
    with storage_errors(str(path)), path.open("rb") as file:
        if path.stat().st_size < _Reader.SMALLEST:
            raise InputError(f"{path} is not a fastText model")
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    try:
        return _Reader(content).model()
    except _Damage as error:
        raise InputError(f"{path} is not a whole fastText model: {error}; get it again") from error


class _Damage(Exception):
    pass


class _Reader:
    """Reads a file's parts one after the other and checks each against the file's true size."""

    SMALLEST: Final = 8 + _OPTIONS.size

    def __init__(self, content: mmap.mmap) -> None:
        self._content = content
        self._at = 0

    def model(self) -> FastTextModel:
        magic, version = self._unpack("ii")
        if magic != MAGIC:
            raise _Damage("it does not begin as one, or is of a release before 2017")
        if not 1 <= version <= VERSION:
            raise _Damage(f"its version is {version}, and {VERSION} is the last that is known")
        options = self._options(version)
        words, labels, counts, tokens, pruned = self._dictionary()
        quantised = self._flag()
        inputs = self._quantised() if quantised else self._dense()
        outputs_quantised = self._flag()
        outputs = self._quantised() if quantised and outputs_quantised else self._dense()
        if self._at != len(self._content):
            raise _Damage("there is more in it than its header says")
        model = FastTextModel(options, words, labels, counts, tokens, inputs, outputs, pruned)
        _check_fit(model)
        return model

    def _options(self, version: int) -> FastTextOptions:
        options = FastTextOptions(*self._unpack("12id"))
        if version == 11 and options.model == SUPERVISED:
            # That release counted n-grams of characters without using them.
            options = FastTextOptions(**{**vars(options), "maxn": 0})
        if options.model not in MODELS or options.loss not in LOSSES:
            raise _Damage("its model or loss is none of fastText's")
        if not 1 <= options.dim <= LARGEST_DIM:
            raise _Damage(f"its vectors have {options.dim} numbers")
        if options.bucket < 0 or not np.isfinite(options.t):
            raise _Damage("its options are impossible")
        if not all(0 <= n <= LONGEST_NGRAM for n in (options.minn, options.maxn)):
            raise _Damage("its n-grams of characters are impossible")
        if not 0 <= options.word_ngrams <= LONGEST_NGRAM:
            raise _Damage("its n-grams of words are impossible")
        return options

    def _dictionary(
        self,
    ) -> tuple[list[bytes], list[bytes], NDArray[np.int64], int, NDArray[np.int64] | None]:
        size, words, labels, tokens, left = self._unpack("3i2q")
        if size != words + labels or min(words, labels) < 0:
            raise _Damage("its numbers of words and labels do not add up")
        if size * SMALLEST_ENTRY > len(self._content) - self._at:
            raise _Damage("it claims more words than it has bytes")
        entries = [self._entry() for _ in range(size)]
        kinds = [kind for _, _, kind in entries]
        if kinds != [0] * words + [1] * labels:
            raise _Damage("its words and labels are not in order")
        names = [name for name, _, _ in entries]
        counts = np.array([count for _, count, _ in entries], np.int64)
        pruned = None if left == NOT_PRUNED else self._pruned(left)
        return names[:words], names[words:], counts, tokens, pruned

    def _entry(self) -> tuple[bytes, int, int]:
        end = self._content.find(b"\0", self._at)
        if end < 0:
            raise _Damage("it ends within a word")
        name = self._content[self._at : end]
        self._at = end + 1
        count, kind = self._unpack("qb")
        return name, count, kind

    def _pruned(self, count: int) -> NDArray[np.int64]:
        if not 0 <= count <= MOST_ENTRIES:
            raise _Damage("its number of n-grams is impossible")
        pairs = self._array(np.dtype("<i4"), count * 2).reshape(-1, 2).astype(np.int64)
        pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
        if (np.diff(pairs[:, 0]) == 0).any():
            raise _Damage("it has one n-gram twice")
        return pairs

    def _dense(self) -> NDArray[np.float32]:
        rows, columns = self._unpack("2q")
        if not (0 <= rows <= MOST_ENTRIES * 8 and 1 <= columns <= LARGEST_DIM):
            raise _Damage("a matrix has an impossible size")
        values = self._array(np.dtype("<f4"), rows * columns)
        _check_finite(values)
        return values.reshape(rows, columns)

    def _quantised(self) -> QuantisedMatrix:
        norms = self._flag()
        rows, columns, size = self._unpack("2qi")
        if not (0 <= rows <= MOST_ENTRIES and 1 <= columns <= LARGEST_DIM and size >= 0):
            raise _Damage("a matrix has an impossible size")
        codes = self._array(np.dtype(np.uint8), size)
        quantiser = self._quantiser(columns)
        if size != rows * quantiser.parts:
            raise _Damage("the codes of a matrix do not fit its size")
        codes = codes.reshape(rows, quantiser.parts)
        if not norms:
            return QuantisedMatrix(codes, quantiser)
        return QuantisedMatrix(
            codes, quantiser, self._array(np.dtype(np.uint8), rows), self._quantiser(1)
        )

    def _quantiser(self, columns: int) -> ProductQuantiser:
        dim, parts, width, last = self._unpack("4i")
        fits = dim == columns and parts >= 1 and width >= 1 and 1 <= last <= width
        if not fits or (parts - 1) * width + last != dim:
            raise _Damage("a quantiser does not fit its matrix")
        centroids = self._array(np.dtype("<f4"), dim * CENTROIDS)
        _check_finite(centroids)
        return ProductQuantiser(dim, width, centroids)

    def _flag(self) -> bool:
        (value,) = self._unpack("B")
        if value > 1:
            raise _Damage("what says whether a matrix is quantised is neither yes nor no")
        return bool(value)

    def _unpack(self, form: str) -> tuple[Any, ...]:
        layout = struct.Struct("<" + form)
        if self._at + layout.size > len(self._content):
            raise _Damage("it ends too early")
        values = layout.unpack_from(self._content, self._at)
        self._at += layout.size
        return values

    def _array(self, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
        if count * dtype.itemsize > len(self._content) - self._at:
            raise _Damage("it ends too early")
        # The file gives no alignment, and kernels want it; what is not aligned is copied.
        values = np.frombuffer(self._content, dtype, count, self._at)
        self._at += count * dtype.itemsize
        return values if values.flags.aligned else values.copy()


def _check_finite(values: NDArray[np.float32]) -> None:
    for start in range(0, len(values), CHECKED_AT_ONCE):
        if not np.isfinite(values[start : start + CHECKED_AT_ONCE]).all():
            raise _Damage("it holds numbers that are not finite, as after training that failed")


def _check_fit(model: FastTextModel) -> None:
    """Check that no text can lead to a row that is not there."""
    options, words = model.options, len(model.words)
    (input_rows, dim), (output_rows, output_dim) = model.inputs.shape, model.outputs.shape
    if dim != options.dim or output_dim != options.dim:
        raise _Damage("its matrices are of another width than its options say")
    if output_rows != (len(model.labels) if model.supervised else words):
        raise _Damage("its outputs do not fit its labels or words")
    if model.supervised and not model.labels:
        raise _Damage("it has no labels")
    if (model.counts < 0).any() or len(set(model.words)) < words:
        raise _Damage("its words are not counted")
    ngrams = input_rows - words
    if model.pruned is None:
        fits = ngrams >= options.bucket
    else:
        rows = model.pruned[:, 1]
        fits = not len(rows) or (rows.min() >= 0 and rows.max() < ngrams)
    if not fits or ngrams < 0:
        raise _Damage("its rows do not fit its words and n-grams")


def write_fasttext(path: Path, model: FastTextModel) -> None:
    """Write a model as fastText does.

    Args:
        path: the file.
        model: quantised models go to ``.ftz`` files by custom, others to ``.bin``.

    Raises:
        StorageError: it cannot be written.
    """
    with write_then_rename(path) as file:
        for part in _parts(model):
            file.write(part)
        _write_matrix(file, model.inputs)
        _write_matrix(file, model.outputs)


def _parts(model: FastTextModel) -> Iterator[bytes]:
    yield struct.pack("<2i", MAGIC, VERSION)
    yield _OPTIONS.pack(*astuple(model.options))
    words, labels = len(model.words), len(model.labels)
    left = NOT_PRUNED if model.pruned is None else len(model.pruned)
    yield struct.pack("<3i2q", words + labels, words, labels, model.tokens, left)
    names = [*((word, 0) for word in model.words), *((label, 1) for label in model.labels)]
    for (name, kind), count in zip(names, model.counts.tolist(), strict=True):
        yield name + b"\0" + struct.pack("<qb", count, kind)
    if model.pruned is not None:
        yield model.pruned.astype("<i4").tobytes()


def _write_matrix(file: IO[bytes], matrix: Matrix) -> None:
    rows, columns = matrix.shape
    if not isinstance(matrix, QuantisedMatrix):
        file.write(struct.pack("<B2q", 0, rows, columns))
        for start in range(0, rows, 1 << 16):
            file.write(np.ascontiguousarray(matrix[start : start + (1 << 16)], "<f4").tobytes())
        return
    norms = matrix.norm_codes is not None
    file.write(struct.pack("<2B2qi", 1, norms, rows, columns, matrix.codes.size))
    file.write(matrix.codes.tobytes())
    file.write(matrix.quantiser.to_bytes())
    if matrix.norm_codes is not None and matrix.norm_quantiser is not None:
        file.write(matrix.norm_codes.tobytes())
        file.write(matrix.norm_quantiser.to_bytes())
