"""LIBSVM files as chunks: pieces of files of bounded size, of which one is in memory at a time.

Rows are learnt from, held out to choose the weights by, or held out to be measured on: as the
files say, or an array with one entry a row, or a hash of each row's features.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import InputError, NotEnoughData
from reviewdesk.formats.weights import load_weights, save_weights
from reviewdesk.models.few_texts import least_frequency
from reviewdesk.models.linear.hashed_rows import write_keys
from reviewdesk.models.sparse.lines import SEVERAL_LABELS, Lines, parse_lines
from reviewdesk.models.sparse.sparse_rows import SparseRows
from reviewdesk.models.sparse.weighting import FeatureCounts, Weighting
from reviewdesk.storage import read_json, storage_errors, write_json
from reviewdesk.text.hashing import combine64, unit_interval

LEARNT: Final = 0
VALIDATION: Final = 1
TEST: Final = 2
BY_HASH: Final = -1
BY_ROW: Final = -2

MOST_VALIDATION: Final = 30_000
MOST_LABELS: Final = 1_000
SIDES_FILE: Final = "sides.npy"
_CHUNKS: Final = "chunks.json"
_FEATURES: Final = "features.npz"


@dataclass(frozen=True)
class FeatureFile:
    """A LIBSVM file on disk.

    Args:
        path: where it is.
        side: ``LEARNT``, ``VALIDATION``, ``TEST``, or ``BY_HASH`` or ``BY_ROW`` where its rows
            differ.
    """

    path: Path
    side: int = BY_HASH


@dataclass(frozen=True)
class FilePiece:
    """A part of a file that is read at once: whole lines.

    Args:
        path: the file.
        start: its first byte.
        size: how many bytes.
        side: as that of the file.
        first_row: how many rows the pieces before it have.
        rows: how many rows of each side it has.
        sha256: of its bytes.
    """

    path: str
    start: int
    size: int
    side: int
    first_row: int = 0
    rows: tuple[int, int, int] = (0, 0, 0)
    sha256: str = ""

    def read(self) -> bytes:
        """Return its lines."""
        with storage_errors(self.path), Path(self.path).open("rb") as file:
            file.seek(self.start)
            return file.read(self.size)


class LabelledRows(NamedTuple):
    """Rows of features as a network is given them, with the places of their labels."""

    rows: SparseRows
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class Dealing:
    """Which share of rows is held out and kept for validation, where a hash decides.

    Args:
        test: the share that is held out.
        validation: the share of the others that is kept for validation.
        seed: another seed deals otherwise.
    """

    test: float
    validation: float
    seed: int


class Chunks:
    """Files of rows that were read once, ready to be learnt from.

    Args:
        folder: where their description is.
        pieces: of all files, in their order.
        values: (k,) each label as the files have it, ascending.
        weighting: which features count, and how much.
        dealing: how rows are dealt whose file does not say it.
        counts: (3, k) how many rows of each side have each label.
        readers: how many processes read them; 0: the one that learns does.
    """

    readers = 0

    def __init__(
        self,
        folder: Path,
        pieces: Sequence[FilePiece],
        values: NDArray[np.float64],
        weighting: Weighting,
        dealing: Dealing,
        counts: NDArray[np.int64],
    ) -> None:
        self.folder, self.pieces, self.values = folder, list(pieces), values
        self.weighting, self.dealing, self.counts = weighting, dealing, counts
        self.present: NDArray[np.int64] = np.flatnonzero(counts[LEARNT])
        self._row_sides: NDArray[np.uint8] | None = None
        if any(piece.side == BY_ROW for piece in self.pieces):
            self._row_sides = np.load(folder / SIDES_FILE, mmap_mode="r")

    def read(self, piece: FilePiece, side: int) -> LabelledRows:
        """Return a piece's rows of one side; of those kept for validation only with labels
        present."""
        lines = parse_lines(piece.read())
        chosen = sides_of(lines, piece, self.dealing, self._row_sides) == side
        places = np.searchsorted(self.values, lines.labels)
        if side in (LEARNT, VALIDATION):
            renumbered = np.full(len(self.values), -1)
            renumbered[self.present] = np.arange(len(self.present))
            places = renumbered[places]
            chosen &= places >= 0
        kept = np.flatnonzero(chosen)
        return LabelledRows(self.weighting(lines.rows.take(kept)), places[kept])

    def sides(self, side: int) -> Iterator[LabelledRows]:
        """Yield all rows of one side, piece by piece."""
        for piece in self.pieces:
            if piece.rows[side]:
                yield self.read(piece, side)

    def validation(self) -> Iterator[LabelledRows]:
        """Yield rows that are kept for validation, of many the first ``MOST_VALIDATION``."""
        left = MOST_VALIDATION
        for part in self.sides(VALIDATION):
            kept = np.arange(min(left, len(part.labels)))
            yield LabelledRows(part.rows.take(kept), part.labels[kept])
            left -= len(kept)
            if not left:
                return

    def save(self) -> None:
        """Write the description into the folder."""
        save_weights(
            self.folder / _FEATURES,
            {**self.weighting.to_arrays(), "values": self.values, "counts": self.counts},
        )
        write_json(
            self.folder / _CHUNKS,
            {
                "pieces": [asdict(one) for one in self.pieces],
                "dealing": asdict(self.dealing),
                "readers": self.readers,
            },
        )

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read the description that ``save`` wrote."""
        saved, arrays = read_json(folder / _CHUNKS), load_weights(folder / _FEATURES)
        pieces = [FilePiece(**{**one, "rows": tuple(one["rows"])}) for one in saved["pieces"]]
        weighting, dealing = Weighting.from_arrays(arrays), Dealing(**saved["dealing"])
        chunks = cls(folder, pieces, arrays["values"], weighting, dealing, arrays["counts"])
        chunks.readers = saved["readers"]
        return chunks

    def digest(self) -> str:
        """Return a name for the very rows and how they are dealt and weighted."""
        about = [(one.sha256, one.side) for one in self.pieces]
        digest = hashlib.sha256(json.dumps([about, asdict(self.dealing)]).encode())
        for array in self.weighting.to_arrays().values():
            digest.update(array.tobytes())
        if self._row_sides is not None:
            digest.update(np.asarray(self._row_sides).tobytes())
        return digest.hexdigest()


@dataclass
class BadLine:
    """A line that cannot be read.

    Args:
        file: the file's name.
        line: its number, from 1.
        raw: as it stands.
    """

    file: str
    line: int
    raw: bytes


@dataclass
class Scan:
    """One reading of all files: what they hold, and the lines that cannot be read.

    Args:
        chunk_bytes: about how many bytes are read at once.
        dealing: how rows are dealt whose file does not say it.
    """

    chunk_bytes: int
    dealing: Dealing
    bad: list[BadLine] = field(default_factory=list)
    counts: FeatureCounts = field(default_factory=FeatureCounts)
    _labels: list[Counter[float]] = field(default_factory=lambda: [Counter() for _ in range(3)])

    def run(
        self, folder: Path, files: Sequence[FeatureFile], kind: str, most: int, min_df: int
    ) -> Chunks:
        """Read files.

        Args:
            folder: has ``sides.npy`` where files say ``BY_ROW``.
            files: what is read.
            kind: how features are weighted; see ``Weighting``.
            most: how many features count at most, the most frequent ones.
            min_df: in how many rows a feature must stand.

        Raises:
            InputError: a label is no whole number, or a file holds several labels a row.
            NotEnoughData: there are fewer than two labels.
        """
        by_row = folder / SIDES_FILE
        row_sides = np.load(by_row, mmap_mode="r") if by_row.exists() else None
        pieces, first = [], 0
        for file in files:
            line = 1
            for piece in pieces_of(file, self.chunk_bytes):
                data = piece.read()
                lines = parse_lines(data)
                self._note_bad(file, line, data, lines)
                line += data.count(b"\n")
                placed = FilePiece(**{**asdict(piece), "first_row": first})
                sides = sides_of(lines, placed, self.dealing, row_sides)
                self.counts.add(lines.rows, sides == LEARNT)
                for side in (LEARNT, VALIDATION, TEST):
                    self._labels[side].update(lines.labels[sides == side].tolist())
                rows_by_side = np.bincount(sides, minlength=4)
                digest = hashlib.sha256(data).hexdigest()
                pieces.append(
                    FilePiece(
                        piece.path, piece.start, piece.size, piece.side, first,
                        (int(rows_by_side[0]), int(rows_by_side[1]), int(rows_by_side[2])), digest,
                    )
                )  # fmt: skip
                first += len(lines.labels)
        values = self._values()
        table = np.array([[side[value] for value in values] for side in self._labels], np.int64)
        fewest = least_frequency(min_df, self.counts.rows)
        weighting = self.counts.weighting(kind, most, fewest)
        return Chunks(folder, pieces, np.array(values, np.float64), weighting, self.dealing, table)

    def _note_bad(self, file: FeatureFile, first_line: int, data: bytes, lines: Lines) -> None:
        if not len(lines.bad):
            return
        if (lines.bad[:, 1] == SEVERAL_LABELS).all() and not len(lines.labels):
            raise InputError(f"{file.path.name} has several labels a row; mlp learns one a row")
        raw = data.split(b"\n")
        self.bad += [
            BadLine(file.path.name, first_line + number, raw[number])
            for number in lines.bad[:, 0].tolist()
        ]

    def _values(self) -> list[float]:
        values = sorted(set().union(*self._labels))
        if any(not value.is_integer() for value in values) or len(values) > MOST_LABELS:
            raise InputError(
                "the labels are no classes: they must be whole numbers, of which there are "
                f"{MOST_LABELS:,} at most"
            )
        learnt = [value for value in values if self._labels[LEARNT][value]]
        if len(learnt) < 2:
            raise NotEnoughData(
                f"mlp learns from two labels or more; the rows to learn from have {len(learnt)}"
            )
        return values


def pieces_of(source: FeatureFile, chunk_bytes: int) -> Iterator[FilePiece]:
    """Yield the pieces of a file, of about so many bytes, each of whole lines."""
    with storage_errors(str(source.path)), source.path.open("rb") as file:
        size = file.seek(0, 2)
        count = max(-(-size // chunk_bytes), 1)
        start = 0
        for number in range(1, count + 1):
            file.seek(max(size * number // count - 1, start))
            file.readline()
            end = file.tell() if number < count else size
            if end > start:
                yield FilePiece(str(source.path), start, end - start, source.side)
            start = end


def sides_of(
    lines: Lines, piece: FilePiece, dealing: Dealing, row_sides: NDArray[np.uint8] | None
) -> NDArray[np.int64]:
    """Return the side of each row of a piece, (n,)."""
    n = len(lines.labels)
    if piece.side == BY_ROW and row_sides is not None:
        return np.asarray(row_sides[piece.first_row : piece.first_row + n], np.int64)
    if piece.side != BY_HASH:
        return np.full(n, piece.side, np.int64)
    keys = np.empty(n, np.uint64)
    write_keys(lines.rows.indices.astype(np.uint32), lines.rows.ends, keys)
    seeds = np.full(n, dealing.seed, np.uint64)
    tested = unit_interval(combine64(keys, seeds)) < dealing.test
    validation = unit_interval(combine64(seeds, keys)) < dealing.validation
    return np.where(tested, TEST, np.where(validation, VALIDATION, LEARNT))
