"""IMDb Large Movie Review data set, and folders like it; or a ``.tar.gz``, read without unpacking.

One file a review, ``{train,test}/{pos,neg,unsup}/<id>_<rating>.txt``; line ``id`` of
``{train,test}/urls_{pos,neg,unsup}.txt`` is the movie's address. Ratings of 1 to 10 become stars by
halving and rounding up, so that stars reproduce the data set's labels: neg (4 and less) has 1 or 2,
pos (7 and more) 4 or 5. Source: the README in the archive; Maas et al., ACL 2011.

Other folders ``pos`` and ``neg`` of texts, at any depth, are read as well: where a name tells no
rating, those in ``pos`` have 5 stars and those in ``neg`` 1.
"""

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

from reviewdesk.sources.base import Probe, RawRows, Source, SourceFile, Tally
from reviewdesk.sources.encoding import WINDOWS, is_windows_text
from reviewdesk.sources.raw_rows import RowBuilder
from reviewdesk.sources.rejects import KEPT_OF_TOO_LONG
from reviewdesk.sources.stream import CountsBytes, DamagedGzip, decompressed
from reviewdesk.sources.tar import DamagedTar, first_names, tar_files

COLUMNS: Final = ("review_id", "product_id", "star_rating", "review_body")
MAX_MEMBER: Final = 64 * 1024 * 1024

_SIDES: Final = ("", "train/", "test/", "aclImdb/train/", "aclImdb/test/")
GROUPS: Final = {"pos": "pos", "positive": "pos", "neg": "neg", "negative": "neg", "unsup": "unsup"}
STARS: Final = {"pos": "5", "neg": "1", "unsup": None}

_NAME: Final = re.compile(
    r"(?:^|/)(?:aclImdb/|(?:train|test)/urls_|(?:pos|neg|positive|negative|unsup)/[^/]+$)"
)
_REVIEW: Final = re.compile(
    r"(?:^|/)(?:([^/]+)/)?(pos|neg|positive|negative|unsup)/(?:[^/]+/)*?([^/.][^/]*?)(?:\.txt)?$"
)
_CANONICAL: Final = re.compile(r"(?:^|/)aclImdb/(?:train|test)/")
_STEM: Final = re.compile(r"(\d{1,9})_(10|\d)", re.ASCII)
_ADDRESSES: Final = re.compile(r"(?:^|/)(train|test)/urls_(pos|neg|unsup)\.txt$")
_MOVIE: Final = re.compile(rb"/(tt\d{1,12})(?:/|$)")

Movies = dict[tuple[str, str], list[str | None]]
"""For (train or test, pos, neg or unsup): the movie of each review, by the review's id."""


class Imdb(Source):
    """Reads the data set's folder or archive."""

    name: ClassVar[str] = "imdb"
    title: ClassVar[str] = "IMDb Large Movie Review data set, or folders pos and neg of texts"
    description: ClassVar[str] = "a folder such as aclImdb, or its .tar.gz; one text file a review"

    columns: ClassVar[Mapping[str, str]] = {
        "review_id": "path of the file",
        "product_id": "addresses of the films, where the folder has them",
        "star_rating": "name of the file or of its folder",
        "review_body": "the file",
    }

    @classmethod
    def recognises(cls, probe: Probe) -> bool:
        """Look for the folders pos and neg, or for their names at the archive's start."""
        if not probe.file.folder:
            names = list(first_names(probe.head))
            return any(map(_NAME.search, names)) and all(map(_is_text, names))
        groups = {
            (path[1], GROUPS[path[2]])
            for member in probe.file.members()
            if _is_text(member.name)
            and (path := _REVIEW.search(f"{probe.file.name}/{member.name}"))
        }
        return any((side, "neg") in groups for side, group in groups if group == "pos") or any(
            probe.has(f"{side}pos") and probe.has(f"{side}neg") for side in _SIDES
        )

    def rows(self, file: SourceFile, tally: Tally) -> Iterator[RawRows]:
        """Yield the reviews in the order of the archive, or of the sorted paths."""
        # The addresses may stand behind the reviews in the archive: they get a pass of their own.
        movies = _read_movies(file)
        builder = RowBuilder(COLUMNS)
        if file.folder:
            _note_others(file, tally)
        try:
            for path, data in _members(file, _REVIEW, tally):
                _add(builder, tally, path, data, movies)
                if builder.full:
                    yield builder.take()
        except (DamagedGzip, DamagedTar):
            tally.rejects.add(None, "truncated", b"")
            tally.notes.append(
                f"{tally.file} is damaged or cut off: the reviews before the damage were read, "
                "those after it are lost; get the file again"
            )
        yield builder.take()


def _members(
    file: SourceFile, wanted: re.Pattern[str], counts: CountsBytes | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of the files whose path matches."""
    if not file.folder:
        pieces = decompressed(file, counts)
        yield from tar_files(pieces, lambda name: bool(wanted.search(name)), MAX_MEMBER)
        return
    for member in file.members():
        path = f"{file.name}/{member.name}"  # the folder may itself be train or test
        if counts is not None:
            counts.bytes_read += member.size
        if wanted.search(path):
            yield path, b"".join(member.chunks())


def _is_text(name: str) -> bool:
    """Say whether a file is a text by its name: others may be in tables, but not of this format."""
    return not name.lower().endswith((".csv", ".tsv", ".json", ".jsonl", ".parquet", ".gz"))


def _note_others(file: SourceFile, tally: Tally) -> None:
    """Note the files of a folder that are none of its reviews."""
    names = [
        member.name
        for member in file.members()
        if not _REVIEW.search(f"{file.name}/{member.name}")
        and not _ADDRESSES.search(f"{file.name}/{member.name}")
    ]
    if names:
        more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
        tally.notes.append(
            f"{tally.file}: only the files in its folders pos and neg are reviews; left alone: "
            f"{', '.join(names[:3])}{more}"
        )


def _read_movies(file: SourceFile) -> Movies:
    movies: Movies = {}
    try:
        for path, data in _members(file, _ADDRESSES):
            group = _ADDRESSES.search(path)
            if group is not None:
                found = [_MOVIE.search(line) for line in data.split(b"\n")]
                movies[group[1], group[2]] = [one and one[1].decode() for one in found]
    except (DamagedGzip, DamagedTar):
        pass  # the pass over the reviews meets the damage again and reports it
    return movies


def _add(builder: RowBuilder, tally: Tally, path: str, data: bytes, movies: Movies) -> None:
    """Add one review, or reject its file."""
    parts = _REVIEW.search(path)
    stem = parts and _STEM.fullmatch(parts[3])
    member = path.removeprefix(f"{tally.file}/")
    if parts is None or (stem is None and _CANONICAL.search(path)):
        tally.rejects.add(None, "bad_file_name", data, member=member)
        return
    if len(data) > MAX_MEMBER:
        tally.rejects.add(None, "too_long", data[:KEPT_OF_TOO_LONG], member=member)
        return
    body = _decoded(data)
    if body is None:
        tally.rejects.add(None, "bad_utf8", data, member=member)
        return
    side, group = parts[1] or "", GROUPS[parts[2]]
    if stem is None or side not in ("train", "test"):
        stars = STARS[group] if stem is None else _stars(group, stem[2])
        builder.add((member, None, stars, body), data, member=member)
        return
    number = int(stem[1])
    known = movies.get((side, group), [])
    movie = known[number] if number < len(known) else None
    values = (f"imdb-{side}-{group}-{number}", movie, _stars(group, stem[2]), body)
    builder.add(values, data, member=member)


def _decoded(data: bytes) -> str | None:
    """Return a file's text, which in old sets may be in Windows-1252; None if it is none."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode(WINDOWS, "windows_controls") if is_windows_text(data) else None


def _stars(group: str, rating: str) -> str | None:
    """Return the stars for a rating of 1 to 10; unsup has none and says 0."""
    if group == "unsup" and rating == "0":
        return None
    return str((int(rating) + 1) // 2)  # a 0 elsewhere is no rating and is rejected as one
