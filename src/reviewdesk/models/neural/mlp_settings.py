"""What can be set of the network over rows of features."""

from dataclasses import dataclass

from reviewdesk.models.neural.settings import AUTO, LearningSettings
from reviewdesk.models.sparse.weighting import WEIGHTINGS
from reviewdesk.settings import Search, setting


@dataclass(frozen=True, kw_only=True)
class MlpSettings(LearningSettings):
    """What can be set of ``mlp``."""

    hidden: int = setting(
        64, "numbers a layer", minimum=1, maximum=4096, search=Search(values=(32, 64, 128))
    )
    layers: int = setting(1, "how many layers", minimum=1, maximum=12)
    wide: bool = setting(True, "features also speak for labels by themselves, as in a linear model")
    dropout: float = setting(
        0.3,
        "share of numbers that are left out while it learns",
        minimum=0,
        maximum=0.95,
        search=Search(0, 0.6),
    )
    feature_dropout: float = setting(
        0.3,
        "share of features that are left out while it learns",
        minimum=0,
        maximum=0.95,
        search=Search(0, 0.6),
    )
    features: int = setting(
        100_000, "most features that the network knows, the most frequent", minimum=1, maximum=2**22
    )
    min_df: int = setting(
        2, "a feature is known when it stands in so many rows or more", minimum=1, maximum=10**6
    )
    weighting: str = setting(
        AUTO,
        "what values become: auto makes TF-IDF of counts, and otherwise scales each feature",
        choices=(AUTO, *WEIGHTINGS),
    )
    criterion: str = setting(
        "f1",
        "what the kept weights are best by, on rows held out for validation",
        choices=("f1", "loss"),
    )
    ngrams: int = setting(
        2, "reviews: the longest run of words that is a feature", minimum=1, maximum=5
    )
    buckets: int = setting(
        2**20, "reviews: how many indices words are hashed to", minimum=1, maximum=2**31 - 2
    )
    chunks: int = setting(
        10, "reviews: how many LIBSVM files they are written to", minimum=1, maximum=500
    )
    chunk_mb: float = setting(
        16.0, "most MiB of a LIBSVM file that are read at once", minimum=0.001, maximum=4096
    )
    readers: int = setting(
        0, "processes that read chunks; 0: the one that learns reads", minimum=0, maximum=64
    )
