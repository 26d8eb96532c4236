"""Predictions by an endpoint: reviews are sent in batches, and its answers become the same table.

What is sent is JSON as BlazingText's and our own endpoints read it, within SageMaker's limits of a
request. Answers come in the order of the reviews, however many requests are on their way at a time.
"""

import http.client
import json
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol, Self, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import InputError, StorageError, UsageError
from reviewdesk.models.sparse.sparse_rows import FEATURES
from reviewdesk.settings import CleanSettings

T = TypeVar("T")

MOST_BYTES: Final = 5 << 20  # of SageMaker's 6 MiB
MOST_REVIEWS: Final = 500
AT_ONCE: Final = 4
ENDPOINT_PART_ROWS: Final = 8_192
"""Reviews between two points that a run goes on from, where an endpoint predicts."""

TRIES: Final = 6
FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 8.0
SECONDS: Final = 60.0  # SageMaker's own limit of an answer
MANY: Final = 100_000
"""More labels than there are: an answer then names all."""

FIELDS: Final = ("review_headline", "review_body", "product_title")
Instance = str | dict[str, str]

PROBE: Final = "Good."
_ABOUT: Final = ("bundle", "target", "labels", "reads", "clean")
_BUSY: Final = (408, 429, 500, 502, 503, 504)


class Refused(InputError):
    """An endpoint will not answer a request, however often it is sent."""


class Busy(Exception):
    """An endpoint has no time now, or cannot be reached; it may in a moment."""


class Endpoint(Protocol):
    """Something that answers reviews with labels."""

    name: str

    def about(self) -> dict[str, Any]:
        """Return what it says of itself; empty if nothing, of other programs perhaps ``labels``.

        ``bundle``, ``target``, ``labels``, ``reads``, its columns, and ``clean``, how it cleans.
        """

    def send(self, body: bytes) -> bytes:
        """Send JSON and return the JSON that comes back.

        Raises:
            Busy: sending it again may help.
            Refused: it will not.
        """

    def close(self) -> None:
        """Close its connections."""


class HttpEndpoint:
    """An endpoint at an address, as ``reviewdesk serve`` and SageMaker's containers have it.

    Args:
        url: ``http://HOST[:PORT]``, with ``/endpoints/NAME/invocations`` or another path behind it;
            ``/invocations`` where there is none.

    Raises:
        UsageError: it is no such address.
    """

    def __init__(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise UsageError(f"{url} is no address of an endpoint; write http://HOST:PORT")
        self.name = url
        self._path = parts.path.rstrip("/") or "/invocations"
        self._root, _, rest = self._path.rpartition("/endpoints/")
        self._served = rest.partition("/")[0]
        self._secure, self._place = parts.scheme == "https", parts.netloc
        self._local = threading.local()
        self._connections: list[http.client.HTTPConnection] = []

    def about(self) -> dict[str, Any]:
        """Return what our own server says of it; empty where another server does not."""
        try:
            listed = json.loads(self._ask("GET", f"{self._root}/endpoints"))["endpoints"]
            own = [one for one in listed if one["name"] == self._served] or listed
            return {name: own[0][name] for name in _ABOUT}
        except (Refused, ValueError, KeyError, IndexError, TypeError):
            return {}

    def send(self, body: bytes) -> bytes:
        """Send JSON and return the JSON that comes back."""
        return self._ask("POST", self._path, body)

    def close(self) -> None:
        """Close the connections of all threads."""
        for connection in self._connections:
            connection.close()

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Ask over the connection that this thread has."""
        connection = getattr(self._local, "connection", None) or self._connect()
        self._local.connection = connection
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Busy(f"it cannot be reached ({type(error).__name__})") from error
        if answer.status in _BUSY:
            raise Busy(f"it answers with {answer.status}")
        if answer.status != 200:
            raise Refused(f"{self.name} refuses what is sent, with {answer.status}")
        return text

    def _connect(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._place, timeout=SECONDS)
        self._connections.append(connection)
        return connection


class EndpointAnswer(NamedTuple):
    """What an endpoint says of a review.

    Args:
        probabilities: of the labels that it names.
        known_words: how many words of the review it knows; None where it does not say.
    """

    probabilities: dict[str, float]
    known_words: int | None


class EndpointPredictor:
    """An endpoint in the place of a bundle.

    Args:
        endpoint: what answers.
        at_once: how many requests are on their way at a time.

    Raises:
        StorageError: it cannot be reached.
        InputError: its answers are not those of a classifier.
    """

    def __init__(self, endpoint: Endpoint, at_once: int = AT_ONCE) -> None:
        self._endpoint = endpoint
        self._pool = ThreadPoolExecutor(at_once)
        self.sends_cleaned = False
        """Whether what is sent is prepared; our own endpoints do not clean it again then."""
        self._answered: tuple[pa.RecordBatch | None, list[EndpointAnswer]] = (None, [])
        try:
            self._ask_about()
        except BaseException:
            self.close()
            raise

    def _ask_about(self) -> None:
        endpoint = self._endpoint
        about = _patiently(endpoint, endpoint.about)
        self.takes_texts = "reads" not in about
        """Whether it reads a text alone, as BlazingText does; our own endpoints read fields."""
        reads = about.get("reads", FIELDS)
        self.reads_features: bool = FEATURES in reads
        self.labels: list[str] = list(about.get("labels") or self._named_labels())
        self.target: str = about.get("target", "label")
        self.id: str = about.get("bundle", f"endpoint {endpoint.name}")
        self.fields = tuple(one for one in FIELDS if one in reads)
        clean = about.get("clean")
        self.clean_settings = None if clean is None else CleanSettings.from_json(clean)

    def _named_labels(self) -> list[str]:
        return sorted(self._answers(_body([PROBE]), 1)[0].probabilities)

    def close(self) -> None:
        """Let go of connections and threads."""
        self._pool.shutdown()
        self._endpoint.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def clean(self, reviews: pa.RecordBatch) -> pa.RecordBatch:
        """Return the reviews: the endpoint cleans them."""
        return reviews

    def known_words(self, reviews: pa.RecordBatch) -> NDArray[np.int64] | None:
        """Return how many words of each review are known (n,), where our own endpoint says so.

        It is asked together with the probabilities: of other reviews than those that were
        predicted last, and of other programs' endpoints, nothing is known.
        """
        asked, answers = self._answered
        counts = [answer.known_words for answer in answers]
        if asked is not reviews or None in counts:
            return None
        return np.array(counts, np.int64)

    def predict_proba(self, reviews: pa.RecordBatch) -> NDArray[np.float32]:
        """Return the probabilities that the endpoint gives, in the order of the reviews (n, k).

        Raises:
            StorageError: it cannot be reached, or has no time, after several tries.
            InputError: it refuses what is sent, or its answers are not those of a classifier.
        """
        configuration = {} if self.takes_texts else {"known_words": True}
        if self.sends_cleaned and not self.takes_texts:
            configuration["cleaned"] = True
        bodies = list(_bodies(self._instances(reviews), configuration))
        answered = self._pool.map(lambda body: self._answers(*body), bodies)
        answers = [answer for part in answered for answer in part]
        self._answered = (reviews, answers)
        column_of = {label: n for n, label in enumerate(self.labels)}
        probabilities = np.zeros((len(reviews), len(self.labels)), np.float32)
        for row, answer in enumerate(answers):
            for label, value in answer.probabilities.items():
                if label not in column_of:
                    raise Refused(
                        f"{self._endpoint.name} names a label that it did not name before"
                    )
                probabilities[row, column_of[label]] = value
        return probabilities

    def _instances(self, reviews: pa.RecordBatch) -> list[Instance]:
        if FEATURES in reviews.schema.names:
            column = reviews.column(FEATURES).to_pylist()
            return [{FEATURES: _line(row)} for row in column]
        fields = ("review_body",) if self.takes_texts else FIELDS
        rows = reviews.select([one for one in fields if one in reviews.schema.names]).to_pylist()
        return [_instance(row, self.takes_texts) for row in rows]

    def _answers(self, body: bytes, reviews: int) -> list[EndpointAnswer]:
        text = _patiently(self._endpoint, lambda: self._endpoint.send(body))
        try:
            answers = [_answer(row) for row in json.loads(text)]
        except (ValueError, KeyError, TypeError) as error:
            raise Refused(f"{self._endpoint.name} does not answer as a classifier does") from error
        if len(answers) != reviews or not all(answer.probabilities for answer in answers):
            raise Refused(f"{self._endpoint.name} answers {len(answers)} of {reviews} reviews")
        return answers


def request_bodies(reviews: pa.RecordBatch) -> Iterator[bytes]:
    """Yield the requests that reviews are sent in to an endpoint that reads all of their fields.

    Args:
        reviews: as they came.
    """
    rows = reviews.select([one for one in FIELDS if one in reviews.schema.names]).to_pylist()
    instances = [_instance(row, False) for row in rows]
    for body, _ in _bodies(instances, {"known_words": True}):
        yield body


def ask_about(send: Callable[[bytes], bytes]) -> dict[str, Any]:
    """Ask an endpoint of ours what it is, by the way that labels come; empty of another program's.

    Args:
        send: sends JSON and returns the JSON that comes back.

    Raises:
        Busy: sending it again may help.
    """
    for instance in (PROBE, {FEATURES: ""}):
        try:
            return told_about(send(_body([instance], {"about": True})))
        except Refused:  # perhaps it reads the other one
            continue
    return {}


def told_about(answers: bytes) -> dict[str, Any]:
    """Return what the first of an endpoint's answers says of it; empty where it says nothing."""
    try:
        about = json.loads(answers)[0]["about"]
        return {name: about[name] for name in _ABOUT}
    except (ValueError, KeyError, IndexError, TypeError):
        return {}


def _patiently(endpoint: Endpoint, ask: Callable[[], T]) -> T:
    """Ask again after ever longer pauses while the endpoint is busy."""
    pause = FIRST_PAUSE
    for _ in range(TRIES - 1):
        try:
            return ask()
        except Busy:
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
    try:
        return ask()
    except Busy as error:
        raise StorageError(
            f"{endpoint.name} did not answer {TRIES} times: {error}; the same command goes on "
            "where it was"
        ) from error


def _line(row: Sequence[Mapping[str, Any]]) -> str:
    """Return features as LIBSVM has them; a float32 is read back as it was."""
    return " ".join(f"{pair['index']}:{pair['value']!r}" for pair in row)


def _instance(row: dict[str, str | None], as_text: bool) -> Instance:
    if as_text:
        return row["review_body"] or ""
    return {"review_body": ""} | {name: value for name, value in row.items() if value}


def _answer(row: Mapping[str, Any]) -> EndpointAnswer:
    """Return an answer of BlazingText's shape, with what our own endpoint adds to it."""
    probabilities = {
        str(label).removeprefix("__label__"): float(value)
        for label, value in zip(row["label"], row["prob"], strict=True)
    }
    known = row.get("known_words")
    return EndpointAnswer(probabilities, None if known is None else int(known))


def _bodies(
    instances: Sequence[Instance], configuration: Mapping[str, bool]
) -> Iterator[tuple[bytes, int]]:
    """Yield requests within the limits, each with how many reviews it holds."""
    batch: list[Instance] = []
    size = 0
    for instance in instances:
        length = len(json.dumps(instance)) + 2
        if batch and (size + length > MOST_BYTES or len(batch) == MOST_REVIEWS):
            yield _body(batch, configuration), len(batch)
            batch, size = [], 0
        batch.append(instance)
        size += length
    if batch:
        yield _body(batch, configuration), len(batch)


def _body(
    instances: Sequence[Instance], configuration: Mapping[str, bool] = MappingProxyType({})
) -> bytes:
    asked = {"k": MANY, **configuration}
    return json.dumps({"instances": list(instances), "configuration": asked}).encode()
