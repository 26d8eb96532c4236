"""What can be set of networks; where it is null or auto, the family or its preset decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from reviewdesk.models.neural.plan import Body, Course, Objective, Shape
from reviewdesk.settings import Search, Settings, setting

POOLINGS: Final = ("last", "mean", "max", "attention", "mean+max", "mean+max+attention")
AUTO: Final = "auto"
BEST: Final = "best"
CLASSIC: Final = "classic"


@dataclass(frozen=True, kw_only=True)
class LearningSettings(Settings):
    """How every network learns."""

    epochs: int | None = setting(
        None,
        "how often each row is visited, at most",
        minimum=1,
        maximum=1000,
        search=Search(2, 12, whole=True),
    )
    batch: int | None = setting(None, "rows a step", minimum=1, maximum=65_536)
    learning_rate: float | None = setting(
        None,
        "the largest learning rate",
        minimum=0,
        maximum=10,
        search=Search(3e-4, 1e-2, log=True),
    )
    embedding_rate: float | None = setting(
        None, "that of the words' vectors", minimum=0, maximum=10
    )
    decay: float = setting(0.01, "how much weights shrink, as in AdamW", minimum=0, maximum=10)
    clip: float = setting(1.0, "largest norm of a gradient; 0 for any", minimum=0, maximum=10**6)
    warm_up: float = setting(
        0.1, "share of the steps in which the learning rate rises", minimum=0, maximum=0.9
    )
    smoothing: float = setting(
        0.0, "share of each label that is given to the others", minimum=0, maximum=0.5
    )
    patience: int = setting(
        2,
        "it stops when so many measurements in a row were no better than the best",
        minimum=1,
        maximum=10**6,
    )
    validation_share: float = setting(
        0.1,
        "share of what is learnt from that is held out, by whole products, to say when to stop",
        minimum=0,
        maximum=0.5,
    )
    validate_steps: int = setting(
        5_000, "it is measured after so many steps, and after each epoch", minimum=1, maximum=10**9
    )
    save_seconds: float = setting(
        60.0, "how often it is saved, beside after each epoch", minimum=0, maximum=10**6
    )
    seed: int = setting(
        0,
        "another seed gives other first weights and another order",
        minimum=0,
        maximum=2**31 - 1,
    )
    threads: int = setting(
        1,
        "threads, shared by all processes; another number may round otherwise",
        minimum=1,
        maximum=256,
    )


@dataclass(frozen=True, kw_only=True)
class NetworkSettings(LearningSettings):
    """What can be set of every network over words."""

    vocabulary: int | None = setting(
        None, "most words that the network knows", minimum=1, maximum=10**7
    )
    min_df: int | None = setting(
        None,
        "a word is known when it stands in so many reviews or more",
        minimum=1,
        maximum=10**6,
    )
    most_words: int | None = setting(
        None,
        "of a longer review, the beginning and the end are read, so many words",
        minimum=1,
        maximum=100_000,
    )
    stop_words: str = setting(
        AUTO, "whether words that say little are read", choices=(AUTO, "yes", "no")
    )
    word_vectors: str = setting(
        "", "file of word vectors to begin with: .vec, or .bin of word2vec or fastText"
    )
    frozen: bool = setting(False, "whether words' vectors stay as they are in that file")
    embedding: int | None = setting(
        None, "numbers a word", minimum=1, maximum=4096, search=Search(values=(64, 128, 256))
    )
    hidden: int | None = setting(
        None,
        "numbers a position, in each direction",
        minimum=1,
        maximum=4096,
        search=Search(values=(64, 128, 256)),
    )
    layers: int | None = setting(None, "how many layers", minimum=1, maximum=12)
    stride: int | None = setting(
        None,
        "of so many neighbours only the largest values go on behind a convolution",
        minimum=1,
        maximum=8,
    )
    pooling: str = setting(AUTO, "how positions become one", choices=(AUTO, *POOLINGS))
    dropout: float | None = setting(
        None,
        "share of numbers that are left out while it learns",
        minimum=0,
        maximum=0.95,
        search=Search(0, 0.6),
    )
    word_dropout: float | None = setting(
        None,
        "share of words that are taken for unknown ones while it learns",
        minimum=0,
        maximum=0.95,
        search=Search(0, 0.4),
    )


@dataclass(frozen=True, kw_only=True)
class LstmSettings(NetworkSettings):
    """What can be set of ``lstm``."""

    preset: str = setting(
        BEST,
        "what the other settings are by default: the best for the data, or the classic recipe",
        choices=(BEST, CLASSIC),
    )
    cell: str = setting(AUTO, "kind of cell", choices=(AUTO, "lstm", "gru"))
    directions: int | None = setting(
        None, "1 reads forwards, 2 backwards too", minimum=1, maximum=2
    )
    convolution: int | None = setting(
        None,
        "how many words a convolution sees; 0 for none",
        minimum=0,
        maximum=15,
    )
    convolution_at: str = setting(
        "before", "whether it comes before the cells or after", choices=("before", "after")
    )


@dataclass(frozen=True, kw_only=True)
class CnnSettings(NetworkSettings):
    """What can be set of ``cnn``."""

    widest: int | None = setting(
        None, "filters see 2 words, 3, and so on up to so many", minimum=2, maximum=9
    )


@dataclass(frozen=True, kw_only=True)
class AttentionSettings(NetworkSettings):
    """What can be set of ``attention``."""

    heads: int | None = setting(None, "how many heads", minimum=1, maximum=64)


_COMMON: Final[Mapping[str, Any]] = {
    "vocabulary": 30_000,
    "min_df": 5,
    "most_words": 400,
    "stop_words": "yes",
    "embedding": 128,
    "stride": 1,
    "layers": 1,
    "pooling": "mean+max",
    "dropout": 0.4,
    "word_dropout": 0.1,
    "epochs": 6,
    "batch": 32,
    "learning_rate": 2e-3,
    "embedding_rate": 2e-3,
}
DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "lstm": {
        **_COMMON,
        "cell": "gru",
        "directions": 2,
        "hidden": 96,
        "convolution": 3,
        "stride": 2,
    },
    "lstm classic": {
        **_COMMON,
        "vocabulary": 5_000,
        "min_df": 1,
        "most_words": 500,
        "stop_words": "no",
        "embedding": 100,
        "cell": "lstm",
        "directions": 1,
        "hidden": 200,
        "convolution": 0,
        "pooling": "last",
        "dropout": 0.3,
        "word_dropout": 0.0,
        "batch": 50,
    },
    "cnn": {**_COMMON, "hidden": 100, "widest": 4, "pooling": "mean+max"},
    "attention": {**_COMMON, "hidden": 128, "layers": 2, "heads": 4, "stride": 2},
    "mlp": {"epochs": 12, "batch": 256, "learning_rate": 3e-3, "embedding_rate": 3e-3},
    "transformer": {"epochs": 3, "batch": 32, "learning_rate": 5e-5, "embedding_rate": 1e-3},
}
"""What stands for null and auto, by family; the figures behind them are in bench/RESULTS.md."""

BODIES: Final[Mapping[str, Body]] = {
    "lstm": "recurrent",
    "cnn": "convolutional",
    "attention": "attentive",
}


def chosen(family: str, settings: LearningSettings) -> dict[str, Any]:
    """Return the settings of a network, with the family's or the preset's where none was given."""
    values = settings.to_json()
    preset = values.pop("preset", BEST)
    own = DEFAULTS[family if preset == BEST else f"{family} {preset}"]
    return {
        name: own[name] if name in own and value in (None, AUTO) else value
        for name, value in values.items()
    }


def shape_of(
    family: str,
    values: Mapping[str, Any],
    *,
    ids: int,
    k: int,
    embedding: int,
    objective: Objective,
) -> Shape:
    """Return what a network is made of.

    Args:
        family: its name.
        values: what ``chosen`` returned.
        ids: how many ids there are.
        k: how many labels.
        embedding: numbers a word.
        objective: what the labels are.
    """
    body = BODIES[family]
    convolved = body != "recurrent" or values["convolution"] > 0
    return Shape(
        body=body,
        ids=ids,
        k=k,
        objective=objective,
        embedding=embedding,
        frozen=values["frozen"],
        hidden=values["hidden"],
        layers=values["layers"],
        cell=values.get("cell", ""),
        both=values.get("directions") == 2,
        convolution=values.get("convolution", 0),
        convolution_at=values.get("convolution_at", ""),
        stride=values["stride"] if convolved else 1,
        widths=tuple(range(2, values.get("widest", 1) + 1)),
        heads=values.get("heads", 0),
        pooling=tuple(values["pooling"].split("+")),
        dropout=values["dropout"],
        word_dropout=values["word_dropout"],
    )


def course_of(values: Mapping[str, Any]) -> Course:
    """Return how a network learns."""
    same = (
        "epochs", "batch", "embedding_rate", "decay", "clip", "warm_up", "smoothing", "patience",
        "validate_steps", "save_seconds", "seed", "threads",
    )  # fmt: skip
    rest = {name: values[name] for name in ("criterion", "accumulate") if name in values}
    own = {name: values[name] for name in same}
    return Course(rate=values["learning_rate"], **rest, **own)
