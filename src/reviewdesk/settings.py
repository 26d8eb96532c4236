"""Frozen settings, one class a step: every option's name, default, meaning and bounds stand here.

The command line, the documentation and the manifests read these classes, so that an option is
written down once.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from typing import Any, Final, Self, get_args, get_origin, get_type_hints

from reviewdesk.errors import UsageError


@dataclass(frozen=True)
class Limits:
    """What a setting may be, beside its type."""

    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None

    def __str__(self) -> str:
        if self.choices:
            return ", ".join(self.choices)
        bounds = {"from": self.minimum, "to": self.maximum}
        return " ".join(f"{word} {bound:,}" for word, bound in bounds.items() if bound is not None)


@dataclass(frozen=True)
class Search:
    """Where a good value of a setting is looked for.

    Args:
        low: the smallest value of a range.
        high: the largest.
        log: whether small values are tried as densely as large ones, by their logarithm.
        whole: whether only whole numbers are tried.
        values: the only values to try, in place of a range.
        reverse: whether it is the distance to 1 that is tried by its logarithm; of a range below 1.
    """

    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    values: tuple[Any, ...] = ()
    reverse: bool = False


def setting(
    default: Any,
    meaning: str,
    *,
    choices: tuple[str, ...] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    search: Search | None = None,
) -> Any:
    """Declare one setting of a settings class.

    Args:
        default: its value when the user says nothing.
        meaning: one sentence, shown by ``--help`` and in the documentation.
        choices: the allowed values of a text setting; empty means any.
        minimum: the smallest allowed number.
        maximum: the largest allowed number.
        search: where tuning looks for a good value; None: it leaves the default.
    """
    limits = Limits(choices, minimum, maximum)
    metadata = {"meaning": meaning, "limits": limits, "search": search}
    if isinstance(default, dict):
        return field(default_factory=default.copy, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The base of all settings classes: to and from JSON, checks, and a digest."""

    def check(self) -> Self:
        """Return self when every value is within its limits.

        Raises:
            UsageError: names the setting, what it got and what it may be.
        """
        hints = get_type_hints(type(self))
        for item in fields(self):
            _check(item, hints[item.name], getattr(self, item.name))
        return self

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain JSON values."""
        return {item.name: _plain(getattr(self, item.name)) for item in fields(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return settings from plain JSON values; what is missing gets its default.

        Raises:
            UsageError: a name is unknown or a value is not allowed.
        """
        hints = get_type_hints(cls)
        unknown = set(data) - set(hints)
        if unknown:
            raise UsageError(f"unknown setting {sorted(unknown)[0]!r} in {cls.__name__}")
        values = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        return cls(**values).check()

    def digest(self) -> str:
        """Return a short name (16 hex digits) that is the same for the same settings."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @classmethod
    def described(cls) -> Iterator[tuple[str, Any, str, Limits]]:
        """Yield name, default, meaning and limits of every setting."""
        for item in fields(cls):
            default = item.default
            if default is MISSING:
                default = item.default_factory() if item.default_factory is not MISSING else None
            yield item.name, default, item.metadata["meaning"], item.metadata["limits"]

    @classmethod
    def searched(cls) -> dict[str, Search]:
        """Return where tuning looks for good values, for each setting that it looks at."""
        found = {item.name: item.metadata["search"] for item in fields(cls)}
        return {name: search for name, search in found.items() if search is not None}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _check(item: Field[Any], hint: Any, value: Any) -> None:
    limits: Limits = item.metadata["limits"]
    if not _is_a(value, hint):
        raise UsageError(f"setting {item.name} is of the wrong type: {type(value).__name__}")
    if limits.choices:
        for one in value if isinstance(value, tuple) else (value,):
            if one not in limits.choices:
                allowed = ", ".join(limits.choices)
                raise UsageError(f"setting {item.name} is {one!r}; it may be: {allowed}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        if limits.minimum is not None and not value >= limits.minimum:
            raise UsageError(
                f"setting {item.name} is {value}; it must be at least {limits.minimum}"
            )
        if limits.maximum is not None and not value <= limits.maximum:
            raise UsageError(f"setting {item.name} is {value}; it must be at most {limits.maximum}")


def _is_a(value: Any, hint: Any) -> bool:
    origin = get_origin(hint)
    if origin is None:
        if hint is float:
            return isinstance(value, int | float) and not isinstance(value, bool)
        if hint is int:
            return isinstance(value, int) and not isinstance(value, bool)
        return isinstance(value, hint)
    if origin is tuple:
        return isinstance(value, tuple) and all(_is_a(v, get_args(hint)[0]) for v in value)
    if origin is dict:
        key, item = get_args(hint)
        return isinstance(value, dict) and all(
            _is_a(k, key) and _is_a(v, item) for k, v in value.items()
        )
    return any(value is None if one is type(None) else _is_a(value, one) for one in get_args(hint))


@dataclass(frozen=True, kw_only=True)
class SourceSettings(Settings):
    """How review files are read."""

    source_format: str = setting("auto", "name of the source format; auto looks at the content")
    columns: dict[str, str] = setting(
        {}, "which column of the file holds which column of the reviews table"
    )
    keep: tuple[str, ...] = setting(
        (),
        "column of the file to carry along as it stands, beside those of the reviews table, as one "
        "with labels of your own",
    )
    header: bool = setting(
        True,
        "the first record of a CSV or TSV file names its columns; also noticed where it does not, "
        "and then columns are called 1, 2, 3",
    )
    separator: str = setting(
        "auto",
        "what separates the fields of a CSV or TSV file; auto looks at all records of the file",
        choices=("auto", "comma", "semicolon", "tab", "bar"),
    )
    quoting: str = setting(
        "auto",
        "how quotes inside the fields of a CSV or TSV file are written: doubled, behind a "
        "backslash, or none are special; escaped: nor that, and tabs, line breaks and backslashes "
        "stand behind a backslash, as MySQL and PostgreSQL write them; auto looks at all quotes "
        "and backslashes of the file",
        choices=("auto", "double", "backslash", "escaped", "none"),
    )
    category: str = setting("", "category for rows whose format has none; empty means none")
    several_labels: str = setting(
        "first",
        "of the labels of a line of a fastText file, keep the first, or all as the category, with "
        "| between them",
        choices=("first", "all"),
    )
    stars_scale: str = setting(
        "auto",
        "what the numbers of a column of ratings mean; auto decides over all of them. 1/0 and 1/-1 "
        "are recommended or not, none reads no stars",
        choices=("auto", "1-5", "halves", "1-10", "0-10", "0-100", "1/0", "1/-1", "none"),
    )
    date_order: str = setting(
        "auto",
        "what comes first in dates such as 04/07/2019; auto decides over all dates of a column",
        choices=("auto", "dmy", "mdy", "ymd"),
    )
    date_format: str = setting(
        "", "how dates are written, as in %d/%m/%y; empty reads the usual ways"
    )


@dataclass(frozen=True, kw_only=True)
class CleanSettings(Settings):
    """How text is cleaned; a bundle carries these, so that serving cleans as preparing did."""

    html: bool = setting(True, "take HTML tags out and turn entities into characters")
    backslash_quotes: bool = setting(
        True, "take away the backslash that some files have before a quote"
    )
    unicode_form: str = setting(
        "NFC", "Unicode normal form of all text", choices=("NFC", "NFKC", "none")
    )


@dataclass(frozen=True, kw_only=True)
class PrepareSettings(Settings):
    """How reviews are filtered, de-duplicated and written."""

    marketplace: tuple[str, ...] = setting(
        (), "keep only reviews of this marketplace, as in US; none named keeps all"
    )
    length: str = setting(
        "fixed",
        "bounds of a body's length: fixed takes --min-chars and --max-chars, auto derives them "
        "from how the data's own lengths spread",
        choices=("fixed", "auto"),
    )
    min_chars: int = setting(
        1,
        "drop reviews whose body has fewer characters, or no letter; 0 keeps them all, also those "
        "without a text",
        minimum=0,
    )
    max_chars: int = setting(
        5000, "drop reviews whose body has more characters; 0 means no limit", minimum=0
    )
    duplicates: str = setting(
        "drop", "what happens to exact duplicates of a review", choices=("drop", "keep")
    )
    tokens: bool = setting(
        False,
        "write a column review_tokens beside the body: its words in lower case, without "
        "punctuation and stop words",
    )
    stem: bool = setting(False, "reduce the words of review_tokens to their English stems")
    partition_by: str = setting(
        "month", "what has a folder of its own", choices=("month", "category", "both")
    )
    format: str = setting(
        "parquet",
        "what the reviews are written as; csv takes more room and time",
        choices=("parquet", "csv"),
    )
    appendable: bool = setting(
        True,
        "keep what later files are compared with, so that they can be added with --append; it "
        "takes about twice the room of the reviews",
    )
    max_rejects: float = setting(
        0.01,
        "share of unreadable rows above which the run is marked and exits non-zero",
        minimum=0,
        maximum=1,
    )


@dataclass(frozen=True, kw_only=True)
class EngineSettings(Settings):
    """What does the work: this machine or a cluster; the result is the same."""

    engine: str = setting(
        "duckdb",
        "what does the work: duckdb on this machine, or spark on a cluster",
        choices=("duckdb", "spark"),
    )
    master: str = setting(
        "",
        "the cluster, as in spark://host:7077; empty means the one that spark-submit names, else "
        "the cores of this machine",
    )
    environment: str = setting(
        "",
        "archive with reviewdesk and its packages for the cluster's machines, as `python -m "
        "reviewdesk.engines.archive` writes it; empty means that they have them",
    )
    conf: tuple[str, ...] = setting((), "a setting of Spark, as in spark.executor.memory=4g")


@dataclass(frozen=True, kw_only=True)
class SampleSettings(Settings):
    """How a sample is drawn from prepared data."""

    fraction: float = setting(
        0.01,
        "share of each month's reviews to take; of each month at least one",
        minimum=0,
        maximum=1,
    )
    min_category_share: float = setting(
        0.0,
        "leave out categories with a smaller share of all reviews; they are named",
        minimum=0,
        maximum=1,
    )
    seed: int = setting(0, "another seed gives another sample", minimum=0)


@dataclass(frozen=True, kw_only=True)
class PlantSettings(Settings):
    """Which errors are planted in a copy of the data, and how many."""

    review_category: float = setting(
        0.03, "share of the reviews that move to another category", minimum=0, maximum=1
    )
    product_category: float = setting(
        0.03, "share of the products that get another category", minimum=0, maximum=1
    )
    declining: float = setting(
        0.05, "share of the products with enough reviews that get worse", minimum=0, maximum=1
    )
    drop: float = setting(
        1.0, "by how many stars declining products get worse", minimum=0.1, maximum=4
    )
    moves: str = setting(
        "uniform",
        "where reviews and products move: to any category alike, rather to one with similar words, "
        "or many together from one to another",
        choices=("uniform", "confusable", "clustered"),
    )
    seed: int = setting(0, "another seed makes other errors", minimum=0)


@dataclass(frozen=True, kw_only=True)
class PromiseSettings(Settings):
    """What findings have to promise, and how the predictions they rest on are made."""

    promise: float = setting(
        0.0,
        "write only the lists with this promise or a stricter one: 0.95, 0.9 or 0.8; 0 means all "
        "of them",
        minimum=0,
        maximum=1,
    )
    folds: int = setting(5, "parts to cross-fit the predictions in", minimum=2)
    seed: int = setting(0, "another seed cross-fits in other parts", minimum=0)


SENTIMENT: Final = "sentiment"
SEVERAL: Final = "labels"
"""The target of which a review may have several labels."""
OWN: Final = "label"
"""The target of labels that stand in a column of one's own."""


@dataclass(frozen=True, kw_only=True)
class TargetSettings(Settings):
    """What a classifier learns to predict."""

    target: str = setting(
        SENTIMENT,
        "what to predict",
        choices=(
            *(SENTIMENT, "stars", "category", "category-year", "category-stars", SEVERAL, OWN),
        ),
    )
    label: str = setting(
        "",
        "column with labels of your own to predict instead: one of the file that is kept with "
        "--keep, or any of the reviews table",
    )
    positive_from: int = setting(
        4, "sentiment: fewest stars that count as positive", minimum=2, maximum=5
    )
    drop_three: bool = setting(False, "sentiment: leave reviews with three stars out")
    label_separator: str = setting(
        "|", "labels: what stands between the labels of a review in its column"
    )
    min_reviews: int = setting(
        20,
        "the category targets, labels and labels of your own: leave out labels with fewer "
        "reviews; the results name them",
        minimum=1,
    )

    def check(self) -> Self:
        """Return settings whose values are within their limits, and whose target is the column's.

        Raises:
            UsageError: a value is not allowed, or a column is named beside a target.
        """
        checked = super().check()
        if checked.target == OWN and not checked.label:
            raise UsageError("say which column has your labels: --label COLUMN")
        if not checked.label or checked.target in (OWN, SEVERAL):
            return checked
        if checked.target != SENTIMENT:
            raise UsageError("give a target or a column of labels, not both")
        return replace(checked, target=OWN)


@dataclass(frozen=True, kw_only=True)
class TextSettings(Settings):
    """Which text a classifier reads."""

    fields: tuple[str, ...] = setting(
        ("review_headline", "review_body"),
        "columns that hold the text; the product's title is none of the reviewer's words",
        choices=("review_headline", "review_body", "product_title"),
    )
    drop_default_headlines: bool = setting(
        False, "read headlines that the shop filled in itself (Five Stars) as empty"
    )


@dataclass(frozen=True, kw_only=True)
class SplitSettings(Settings):
    """How reviews are divided into a training and a test side."""

    by: str = setting(
        "product",
        "what stays together on one side; time puts the newest reviews on the test side",
        choices=("review", "product", "customer", "time"),
    )
    test_share: float = setting(
        0.2, "share of the reviews on the test side", minimum=0, maximum=0.9
    )
    seed: int = setting(0, "another seed gives another division", minimum=0)


@dataclass(frozen=True, kw_only=True)
class ExportSettings(Settings):
    """What an export holds."""

    format: str = setting(
        "csv",
        "what to write; csv and jsonl hold the reviews as they are, the others their words",
        choices=("csv", "jsonl", "fasttext", "augmented-manifest", "libsvm"),
    )
    validation_share: float = setting(
        0.1, "share of the reviews on the validation side", minimum=0, maximum=0.9
    )
    column: tuple[str, ...] = setting((), "csv and jsonl: column of the reviews to write as well")
    buckets: int = setting(
        2**20, "libsvm: how many indices the words are hashed to", minimum=1, maximum=2**31 - 2
    )
    ngrams: int = setting(
        1, "libsvm: the longest run of words that counts as one", minimum=1, maximum=5
    )
    chunks: int = setting(
        1,
        "libsvm: into how many files the training side is dealt, each a random part of it",
        minimum=1,
        maximum=500,
    )


@dataclass(frozen=True, kw_only=True)
class DemoSettings(Settings):
    """How the generated corpus is made."""

    reviews: int = setting(20_000, "how many reviews to make", minimum=1)
    seed: int = setting(0, "another seed gives another corpus", minimum=0)


@dataclass(frozen=True, kw_only=True)
class ServeSettings(Settings):
    """How the server listens and what it refuses."""

    host: str = setting(
        "127.0.0.1", "address to listen on; 0.0.0.0 opens the server to the network"
    )
    port: int = setting(8080, "port to listen on; 0 takes a free one", minimum=0, maximum=65535)
    max_body_bytes: int = setting(6_291_456, "largest request body, in bytes", minimum=1)
    max_instances: int = setting(10_000, "most reviews in one request", minimum=1)
    max_held_bytes: int = setting(
        134_217_728,
        "most bytes of requests and unread answers in memory at a time; never less than two of "
        "the largest requests",
        minimum=1,
    )
    max_connections: int = setting(
        512, "most connections at a time; fewer where the system allows fewer", minimum=1
    )
    head_seconds: float = setting(
        10.0, "how long a request's head may take to arrive, in seconds", minimum=0.1
    )
    body_seconds: float = setting(
        30.0, "how long a whole request may take to arrive, in seconds", minimum=0.1
    )
    idle_seconds: float = setting(
        20.0, "how long a connection may stay open without a request, in seconds", minimum=0.1
    )
    grace_seconds: float = setting(
        25.0, "how long requests may go on after the signal to end, in seconds", minimum=0.1
    )
    root_path: str = setting(
        "", "where a proxy in front has the server, as in /reviews; empty means at its root"
    )
    access_log: bool = setting(
        False, "whether to write a line about each request, without its text, to standard error"
    )


@dataclass(frozen=True, kw_only=True)
class TrafficSettings(Settings):
    """How requests are dealt to variants, and logged."""

    sticky: str = setting(
        "",
        "what keeps a caller with one variant: a header, or a field of the JSON that is sent, such "
        "as customer_id; by default each request is dealt anew",
    )
    weights: str = setting(
        "",
        'JSON file with weights of variants, as in {"sentiment": {"A": 0.5, "B": 0.5}}; it is read '
        "again whenever it changes",
    )
    capture: str = setting(
        "", "folder to log requests to, in SageMaker's capture format, without their texts"
    )
    capture_input: bool = setting(False, "whether to log the texts, too")
    capture_percent: float = setting(
        100.0, "part of the requests that is logged, in percent", minimum=0.0, maximum=100.0
    )
    capture_mb: int = setting(1024, "most MiB of logs; then the oldest are deleted", minimum=1)


EACH_REQUEST_ANEW: Final = TrafficSettings()
"""Requests are dealt one by one, and not logged."""
