"""Settings of reviews: how they are read, cleaned, prepared, drawn and made up."""

from dataclasses import dataclass

from reviewdesk.settings.declaration import Settings, setting


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
    strip: tuple[str, ...] = setting(
        (),
        "take this away where a review's text begins or ends with it, as a leftover of scraping, "
        "such as READ MORE",
    )


@dataclass(frozen=True, kw_only=True)
class PrepareSettings(Settings):
    """How reviews are filtered, de-duplicated and written."""

    marketplace: tuple[str, ...] = setting(
        (), "keep only reviews of this marketplace, as in US; none named keeps all"
    )
    language: tuple[str, ...] = setting(
        (),
        "keep only reviews in this language, as in de; unknown are those of fewer than 40 "
        "characters; none named keeps all",
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
class DemoSettings(Settings):
    """How the generated corpus is made."""

    reviews: int = setting(20_000, "how many reviews to make", minimum=1)
    seed: int = setting(0, "another seed gives another corpus", minimum=0)
