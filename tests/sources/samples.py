"""One small file in every format, for the tests that every source must pass."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from reviewdesk.schema import REVIEWS
from reviewdesk.settings import SourceSettings
from reviewdesk.sources import Input, SourceBatch, open_inputs

BODIES = (
    "Worked well for a month.",
    'Broke <br /> on day 2 & "died"',
    "Naïve — 5 ★ 😀",
    "a\x85b\rc",
)
"""Bodies with the characters that line and field splitting must leave alone."""


@dataclass(frozen=True)
class Sample:
    """How to write a file of one format.

    Args:
        source: the name of the source that must recognise it.
        file: its file name.
        content: the decompressed bytes for bodies; None in their place is a bad row.
        lines: whether its rejects have line numbers.
    """

    source: str
    file: str
    content: Callable[[Sequence[str | None]], bytes]
    bad_reason: str
    lines: bool = True
    streamed: bool = True
    read_as: Callable[[str], str] = lambda body: body
    """What becomes of a body in a format that cannot keep it as it is."""

    def write(self, folder: Path, bodies: Sequence[str | None] = BODIES) -> Path:
        """Write the file, compressed if its name says so."""
        content = self.content(bodies)
        path = folder / self.file
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
        return path

    def expected(self, bodies: Sequence[str]) -> list[str]:
        """Return the bodies that are read from a file of these."""
        return [self.read_as(body) for body in bodies]


def read(place: Path | str, **settings: Any) -> list[SourceBatch]:
    """Read one file to its end."""
    return list(opened(place, **settings).read())


def opened(place: Path | str, **settings: Any) -> Input:
    """Open one file."""
    (found,) = open_inputs([str(place)], SourceSettings(**settings))
    return found


def reviews_of(batches: Sequence[SourceBatch]) -> list[dict[str, Any]]:
    """Return all reviews as dictionaries."""
    return [row for batch in batches for row in batch.reviews.to_pylist()]


def rejects_of(batches: Sequence[SourceBatch]) -> list[dict[str, Any]]:
    """Return all rejects as dictionaries."""
    return [row for batch in batches for row in batch.rejects.to_pylist()]


def bodies_of(batches: Sequence[SourceBatch]) -> list[str]:
    """Return the bodies of all reviews."""
    return [row["review_body"] for row in reviews_of(batches)]


def amazon_line(body: str, number: int = 0, **other: str) -> str:
    """Return one line of Amazon TSV without its end."""
    values = {
        "marketplace": "US",
        "customer_id": f"{number}",
        "review_id": f"R{number}",
        "product_id": "B0001",
        "product_parent": "77",
        "product_title": 'A 5" thing',
        "product_category": "Toys",
        "star_rating": "4",
        "helpful_votes": "2",
        "total_votes": "3",
        "vine": "N",
        "verified_purchase": "Y",
        "review_headline": "Good",
        "review_body": body,
        "review_date": "2015-08-31",
    }
    return "\t".join({**values, **other}.values())


def amazon(bodies: Sequence[str | None]) -> bytes:
    """Return an Amazon TSV file."""
    lines = ["\t".join(REVIEWS.names)]
    for number, body in enumerate(bodies):
        lines.append("US\tshort line" if body is None else amazon_line(body, number))
    return ("\n".join(lines) + "\n").encode()


def imdb_files(bodies: Sequence[str | None]) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of an IMDb folder's files; the addresses come last."""
    for number, body in enumerate(bodies):
        name = f"aclImdb/train/pos/{number}_8.txt"
        if body is None:
            yield f"aclImdb/train/pos/{number}_eight.txt", b"bad"
        else:
            yield name, body.encode()
    addresses = "".join(f"http://www.imdb.com/title/tt{n:07}/usercomments\n" for n in range(9))
    yield "aclImdb/train/neg/0_1.txt", b""
    yield "aclImdb/train/urls_pos.txt", addresses.encode()


def imdb_archive(bodies: Sequence[str | None]) -> bytes:
    """Return a tar archive of an IMDb folder."""
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w") as archive:
        for name, data in imdb_files(bodies):
            if data:
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return found.getvalue()


def csv_table(bodies: Sequence[str | None]) -> bytes:
    """Return a CSV file with names that are close to ours."""
    lines = ["stars,comment,Date"]
    for body in bodies:
        quoted = "" if body is None else body.replace('"', '""')
        lines.append("short" if body is None else f'4.0,"{quoted}",2015-08-31')
    return ("\n".join(lines) + "\n").encode()


def tsv_table(bodies: Sequence[str | None]) -> bytes:
    """Return a tab-separated file without quoting."""
    lines = ["stars\tcomment\tDate"]
    lines += ["short" if body is None else f"4.0\t{body}\t2015-08-31" for body in bodies]
    return ("\n".join(lines) + "\n").encode()


def json_lines(bodies: Sequence[str | None]) -> bytes:
    """Return a JSON lines file."""
    return lines_of(bodies, lambda _, body: {"overall": 4.0, "reviewText": body})


def parquet(bodies: Sequence[str | None]) -> bytes:
    """Return a Parquet file."""
    found = io.BytesIO()
    texts = [b"\xff" if body is None else body.encode() for body in bodies]
    table = {"score": [4] * len(bodies), "text": pa.array(texts, pa.binary()).view(pa.string())}
    pq.write_table(pa.table(table), found)
    return found.getvalue()


def amazon_parquet(bodies: Sequence[str | None]) -> bytes:
    """Return a Parquet file with Amazon's columns."""
    rows = [
        dict(zip(REVIEWS.names, amazon_line(body or "", number).split("\t"), strict=True))
        for number, body in enumerate(bodies)
    ]
    found = io.BytesIO()
    names = [name for name in REVIEWS.names if name != "vine"]
    columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in names}
    texts = [b"\xff" if body is None else body.encode() for body in bodies]
    columns["review_body"] = pa.array(texts, pa.binary()).view(pa.string())
    pq.write_table(pa.table(columns), found)
    return found.getvalue()


def amazon_multi(bodies: Sequence[str | None]) -> bytes:
    """Return a file of the multilingual corpus."""
    other = {"reviewer_id": "r", "stars": "4", "review_title": "t", "language": "de"}
    return lines_of(bodies, lambda n, body: {"review_id": f"R{n}", "review_body": body, **other})


def mcauley_2018(bodies: Sequence[str | None]) -> bytes:
    """Return a review file of 2018."""
    other = {"overall": 4.0, "reviewerID": "A1", "verified": True}
    return lines_of(bodies, lambda n, body: {"asin": f"B{n}", "reviewText": body, **other})


def mcauley_2023(bodies: Sequence[str | None]) -> bytes:
    """Return a review file of 2023."""
    other = {"rating": 4.0, "user_id": "A1", "parent_asin": "P1", "timestamp": 1441000000000}
    return lines_of(bodies, lambda n, body: {"asin": f"B{n}", "text": body, **other})


def yelp(bodies: Sequence[str | None]) -> bytes:
    """Return Yelp's review file."""
    other = {"business_id": "b", "user_id": "u", "stars": 4.0, "date": "2015-08-31 01:02:03"}
    return lines_of(bodies, lambda n, body: {"review_id": f"R{n}", "text": body, **other})


def lines_of(bodies: Sequence[str | None], row: Callable[[int, str], dict[str, Any]]) -> bytes:
    """Return JSON lines."""
    return "".join(
        "{broken\n" if body is None else json.dumps(row(number, body)) + "\n"
        for number, body in enumerate(bodies)
    ).encode()


def mcauley_2013(bodies: Sequence[str | None]) -> bytes:
    """Return a review file of 2013."""
    blocks = [
        "no key\n"
        if body is None
        else f"product/productId: B{number}\nreview/score: 4.0\nreview/text: {body}\n"
        for number, body in enumerate(bodies)
    ]
    return "\n".join(blocks).encode()


def zhang(bodies: Sequence[str | None]) -> bytes:
    """Return train.csv of a full set."""
    lines = []
    for body in bodies:
        text = "" if body is None else body.replace('"', '""').replace("\n", "\\n")
        lines.append('"4"\n' if body is None else f'"4","Title","{text}"\n')
    return "".join(lines).encode()


def fasttext(bodies: Sequence[str | None]) -> bytes:
    """Return a training file of fastText."""
    texts = [b"\xff" if body is None else body.encode() for body in bodies]
    return b"".join(b"__label__4 %b\n" % text for text in texts)


def libsvm(bodies: Sequence[str | None]) -> bytes:
    """Return bags of the bodies' characters, each at its place."""
    return "".join(
        "4 broken\n"
        if body is None
        else " ".join(["4", *(f"{index}:1" for index in _indices(body))]) + "\n"
        for body in bodies
    ).encode()


def bag(body: str) -> str:
    """Return what is read of such a bag."""
    return " ".join(f"f{index}" for index in _indices(body))


def _indices(body: str) -> list[int]:
    return [place * 200_000 + ord(character) for place, character in enumerate(body, 1)]


def json_array(bodies: Sequence[str | None]) -> bytes:
    """Return an array of objects over several lines."""
    objects = [
        "{broken}"
        if body is None
        else json.dumps({"overall": 4.0, "reviewText": body, "more": {"a": [1]}}, indent=1)
        for body in bodies
    ]
    return f"[\n{','.join(objects)}\n]\n".encode() if objects else b""


SAMPLES = (
    Sample("amazon-parquet", "amazon.parquet", amazon_parquet, "bad_utf8", streamed=False),
    Sample("amazon-multi", "multi.json", amazon_multi, "bad_json"),
    Sample("mcauley-2013", "old.txt.gz", mcauley_2013, "bad_record"),
    Sample("mcauley-2018", "reviews18.json.gz", mcauley_2018, "bad_json"),
    Sample("mcauley-2023", "reviews23.jsonl.gz", mcauley_2023, "bad_json"),
    Sample("yelp", "yelp_academic_dataset_review.json", yelp, "bad_json"),
    Sample("zhang", "train_full.csv.gz", zhang, "wrong_field_count"),
    Sample("amazon", "amazon.tsv", amazon, "wrong_field_count"),
    Sample("amazon", "amazon.tsv.gz", amazon, "wrong_field_count"),
    Sample("imdb", "imdb.tar", imdb_archive, "bad_file_name", lines=False),
    Sample("imdb", "imdb.tar.gz", imdb_archive, "bad_file_name", lines=False),
    Sample("fasttext", "train.txt.gz", fasttext, "bad_utf8"),
    Sample("libsvm", "bag.feat.gz", libsvm, "bad_record", read_as=bag),
    Sample("table", "array.json", json_array, "bad_json"),
    Sample("table", "array.json.gz", json_array, "bad_json"),
    Sample("table", "table.csv", csv_table, "wrong_field_count"),
    Sample("table", "table.csv.gz", csv_table, "wrong_field_count"),
    Sample("table", "table.tsv", tsv_table, "wrong_field_count"),
    Sample("table", "table.tsv.gz", tsv_table, "wrong_field_count"),
    Sample("table", "table.jsonl", json_lines, "bad_json"),
    Sample("table", "table.jsonl.gz", json_lines, "bad_json"),
    Sample("table", "table.parquet", parquet, "bad_utf8", streamed=False),
)
