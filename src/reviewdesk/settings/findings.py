"""Settings of findings: what they promise, and which errors are planted to measure them."""

from dataclasses import dataclass

from reviewdesk.settings.declaration import Settings, setting


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
