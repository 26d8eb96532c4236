"""From a request's body to its reviews: one function for each format.

JSON and JSON lines are BlazingText's: ``{"instances": [...], "configuration": {"k": 2}}`` and one
``{"source": ..., "k": 2}`` a line. A review may be given as an object of review columns too.
LIBSVM lines, with labels or without, hold features in place of a text, and so does an object's
field ``features``, without a label: ``"3:1 17:2"``.
Messages say where a body is wrong and never quote it.
"""

import csv
import io
import json
from collections.abc import Callable
from typing import Any, Final, NoReturn

from reviewdesk.errors import RequestError
from reviewdesk.models.sparse.lines import REASONS, parse_lines
from reviewdesk.models.sparse.sparse_rows import FEATURES
from reviewdesk.serving.instances import Instances, ReviewTexts
from reviewdesk.serving.media_types import CSV, JSON, JSON_LINES, LIBSVM, TEXT

BODIES: Final = frozenset({"review_body", "source"})
"""What the column of a review's text may be called."""


def read_instances(media_type: str, body: bytes, limit: int) -> Instances:
    """Return the reviews of a request.

    Args:
        media_type: one of ``media_types.READ_TYPES``.
        body: the request's body.
        limit: the most reviews that it may hold.

    Raises:
        RequestError: the body is not of that format; says where.
        PayloadTooLarge: it holds too many reviews.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestError(f"the body is not valid UTF-8 at byte {error.start}") from error
    if not (text if media_type in (TEXT, CSV) else text.strip()):  # a blank line is an empty review
        raise RequestError("the request has no body; send at least one review")
    instances = Instances(limit)
    if media_type == LIBSVM:
        _read_libsvm(body, instances)
        return instances
    _READERS[media_type](text, instances)
    _parse_features(instances)
    return instances


def parse_json(text: str, where: str) -> Any:
    """Return the value of a JSON text.

    Args:
        text: the JSON text.
        where: how to name it in a message, as in ``"the body"``.

    Raises:
        RequestError: it is broken, nested too deep, or holds NaN, Infinity or endless digits.
    """
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise RequestError(
            f"{where} is not valid JSON: {error.msg} at character {error.pos}"
        ) from error
    except RecursionError as error:
        raise RequestError(f"{where} is not usable JSON: it is nested too deep") from error
    except ValueError as error:
        raise RequestError(f"{where} is not usable JSON: a number has too many digits") from error


def review_texts(value: Any, where: str) -> ReviewTexts:
    """Return the texts of a review given as a JSON object.

    Args:
        value: an object with review_body (or source), and perhaps review_headline and
            product_title.
        where: how to name it in a message.

    Raises:
        RequestError: it is no object, or a text is missing or no text.
    """
    if not isinstance(value, dict):
        raise RequestError(f"{where} must be an object with review_body or source")
    body = value.get("review_body", value.get("source"))
    if not isinstance(body, str):
        raise RequestError(f"{where} needs a text in review_body or source")
    for name in ("review_headline", "product_title"):
        if not isinstance(value.get(name), str | None):
            raise RequestError(f"the {name} of {where} must be a text or null")
    return ReviewTexts(body, value.get("review_headline"), value.get("product_title"))


def _refuse_constant(name: str) -> NoReturn:
    raise RequestError(f"the body is not valid JSON: {name} is no JSON number")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def _read_json(text: str, instances: Instances) -> None:
    request = parse_json(text, "the body")
    if not isinstance(request, dict) or not isinstance(request.get("instances"), list):
        raise RequestError('the body must be {"instances": [...]}')
    configuration = request.get("configuration")
    if configuration is not None and not isinstance(configuration, dict):
        raise RequestError("configuration must be an object")
    k = _labels_wanted(configuration or {}, "configuration")
    tell = _tells_known_words(configuration or {}, "configuration")
    instances.cleaned = _flag(configuration or {}, "cleaned", "configuration")
    instances.tell_about = _flag(configuration or {}, "about", "configuration")
    for number, instance in enumerate(request["instances"]):
        if isinstance(instance, str):
            instances.add(ReviewTexts(instance), k, tell_known_words=tell)
        else:
            _add_object(instance, f"instance {number}", instances, k, tell)


def _read_json_lines(text: str, instances: Instances) -> None:
    cleaned: set[bool] = set()
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            value = parse_json(line, f"line {number}")
            where = f"line {number}"
            options = value if isinstance(value, dict) else {}
            k, tell = _labels_wanted(options, where), _tells_known_words(options, where)
            cleaned.add(_flag(options, "cleaned", where))
            instances.tell_about |= _flag(options, "about", where)
            _add_object(value, where, instances, k, tell)
    if len(cleaned) > 1:
        raise RequestError("cleaned must be the same in all lines of a request")
    instances.cleaned = True in cleaned


def _add_object(value: Any, where: str, instances: Instances, k: int, tell: bool) -> None:
    """Take a review given as an object, or a row of features."""
    features = value.get(FEATURES) if isinstance(value, dict) else None
    if features is None:
        instances.add(review_texts(value, where), k, tell_known_words=tell)
    elif isinstance(features, str) and "\n" not in features:
        instances.add_line(features, k, tell_known_words=tell)
    else:
        raise RequestError(f"the {FEATURES} of {where} must be one line of index:value pairs")


def _parse_features(instances: Instances) -> None:
    """Read the features that objects held.

    Raises:
        RequestError: they are not written as LIBSVM's, or there are texts beside them.
    """
    if not instances.lines:
        return
    if instances.texts:
        raise RequestError("a request holds reviews or rows of features, not both")
    lines = parse_lines("\n".join(f"0 {line}" for line in instances.lines).encode())
    for number, reason in lines.bad[:1].tolist():
        raise RequestError(f"the features of row {number} are not LIBSVM's: {REASONS[reason]}")
    instances.features = lines.rows


def _read_text(text: str, instances: Instances) -> None:
    # Only the line feed ends a review: str.splitlines would cut at characters that text may hold.
    for line in text.removesuffix("\n").split("\n"):
        instances.add(ReviewTexts(line.removesuffix("\r")))


def _read_libsvm(body: bytes, instances: Instances) -> None:
    lines = parse_lines(body, labelled=False)
    for number, reason in lines.bad[:1].tolist():
        raise RequestError(f"line {number + 1} is not one of LIBSVM: {REASONS[reason]}")
    instances.take_features(lines.rows)


def _read_csv(text: str, instances: Instances) -> None:
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # 131,072 for the whole process
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: list[str] = []
    try:
        for row in rows:
            if not columns and BODIES & {_column(name) for name in row}:
                columns = [_column(name) for name in row]
            elif row:  # the reader gives an empty list for a blank line
                columns = columns or _unnamed_columns(len(row))
                _add_row(dict(zip(columns, row, strict=True)), instances)
        if not columns:
            instances.add(ReviewTexts(""))  # nothing but a blank line
    except csv.Error as error:
        raise RequestError(f"line {rows.line_num} is not valid CSV: {error}") from error
    except ValueError as error:
        raise RequestError(
            f"line {rows.line_num} of the CSV does not have {len(columns)} fields like the first"
        ) from error


def _column(name: str) -> str:
    """Return a column's name as it is in JSON: case and blanks do not count."""
    return "_".join(name.lower().split())


def _unnamed_columns(count: int) -> list[str]:
    """Return what the columns of a CSV without a header are."""
    if count > 2:
        raise RequestError(
            "a CSV without a header has one column, the body, or two, headline and body; "
            "with more it needs a header that names review_body"
        )
    return ["review_headline", "review_body"][-count:]


def _add_row(row: dict[str, str], instances: Instances) -> None:
    body = row["review_body"] if "review_body" in row else row["source"]
    texts = ReviewTexts(body, row.get("review_headline"), row.get("product_title"))
    instances.add(texts)


def _labels_wanted(options: dict[str, Any], where: str) -> int:
    k = options.get("k", 1)
    if not isinstance(k, int) or isinstance(k, bool) or k < 1:
        raise RequestError(f"k of {where} must be a whole number from 1")
    return k


def _tells_known_words(options: dict[str, Any], where: str) -> bool:
    return _flag(options, "known_words", where)


def _flag(options: dict[str, Any], name: str, where: str) -> bool:
    value = options.get(name, False)
    if not isinstance(value, bool):
        raise RequestError(f"{name} of {where} must be true or false")
    return value


_READERS: Final[dict[str, Callable[[str, Instances], None]]] = {
    JSON: _read_json,
    JSON_LINES: _read_json_lines,
    TEXT: _read_text,
    CSV: _read_csv,
}
