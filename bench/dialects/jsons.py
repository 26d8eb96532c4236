"""Dialects of JSON: a line an object, arrays, envelopes and exports."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from bench.dialects.base import Dialect, put
from bench.dialects.reviews import Reviews


def plain_objects(reviews: Reviews) -> list[dict[str, Any]]:
    """Return reviews as JSON values under the file's names: dates as text, ids as they are."""
    objects = []
    for row in reviews.rows:
        one = {}
        for column, name in zip(reviews.columns, reviews.header, strict=True):
            value = row[column]
            if isinstance(value, datetime.date):
                value = value.isoformat()
            elif column in reviews.numeric and value is not None:
                value = int(value)
            one[name] = value
        objects.append(one)
    return objects


def dumped(value: Any) -> str:
    """Return JSON as ``jq -c`` prints it: no blanks, letters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _lines(
    file: str,
    line: Callable[[Any], str],
    *,
    end: str = "\n",
    encoding: str = "utf-8",
) -> Callable[[Reviews, Path], Path]:
    def write(reviews: Reviews, folder: Path) -> Path:
        text = "".join(line(one) + end for one in plain_objects(reviews))
        return put(folder / file, text, encoding)

    return write


def _document(text: Callable[[list[Any]], str]) -> Callable[[Reviews, Path], Path]:
    def write(reviews: Reviews, folder: Path) -> Path:
        return put(folder / "reviews.json", text(plain_objects(reviews)))

    return write


def _without_nulls(one: dict[str, Any]) -> str:
    return dumped({name: value for name, value in one.items() if value is not None})


def _nan_for_null(one: dict[str, Any]) -> str:
    return json.dumps(
        {name: float("nan") if value is None else value for name, value in one.items()}
    )


def _mongoexport(one: dict[str, Any]) -> str:
    return dumped({"_id": {"$oid": "5f1b" * 6}, **one, "images": [], "place": {"city": None}})


def _elasticdump(one: dict[str, Any]) -> str:
    return dumped({"_index": "reviews", "_type": "_doc", "_id": "1", "_score": 1, "_source": one})


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


JSONS: Final = (
    Dialect("jq -c", _lines("reviews.jsonl", dumped)),
    Dialect("jq -c, .json, no nulls", _lines("reviews.json", _without_nulls)),
    Dialect("jq .: objects over lines", _lines("reviews.json", _pretty)),
    Dialect("json: lines, ASCII", _lines("reviews.jsonl", json.dumps)),
    Dialect("json: lines with NaN", _lines("reviews.jsonl", _nan_for_null)),
    Dialect("json: lines, BOM, CRLF", _lines("r.ndjson", dumped, end="\r\n", encoding="utf-8-sig")),
    Dialect("json: lines that end in commas", _lines("reviews.json", dumped, end=",\n")),
    Dialect("json: array", _document(dumped)),
    Dialect("json: array over lines", _document(_pretty)),
    Dialect(
        'json: {"reviews": [...]}',
        _document(lambda all_: _pretty({"count": len(all_), "reviews": all_})),
    ),
    Dialect("MongoDB: mongoexport", _lines("reviews.json", _mongoexport)),
    Dialect("Elasticsearch: elasticdump", _lines("reviews.json", _elasticdump)),
)
"""What writes JSON."""
