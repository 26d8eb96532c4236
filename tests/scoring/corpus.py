"""A small file of raw Amazon reviews, a bundle trained on others, and the same reviews prepared."""

import random
from pathlib import Path

import pyarrow as pa

from reviewdesk.bundle import Bundle, BundleSettings, save_bundle
from reviewdesk.models.base import Classifier
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.models.tfidf_svc import TfidfSVC
from reviewdesk.prepare.prepare import prepare
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.schema import REVIEWS
from reviewdesk.settings import (
    CleanSettings,
    PrepareSettings,
    SourceSettings,
    SplitSettings,
    TargetSettings,
    TextSettings,
)
from reviewdesk.sources.catalog import Input, open_inputs

GOOD = ("great", "love", "perfect", "works", "fine", "happy")
BAD = ("broke", "awful", "refund", "returned", "bad", "waste")
BOTH = ("the", "phone", "battery", "screen", "a", "week", "after", "case", "price", "colour")
HTML = ("<br /><br />", " &#34;well&#34; ", ' \\"quoted\\" ', " <b>bold</b> ", " 3 < 4 &amp; 5 ")


def body(chance: random.Random, stars: int) -> str:
    """Return a text that mostly fits its stars, with the oddities of raw reviews in it."""
    words = GOOD if stars >= 4 else BAD
    chosen = [chance.choice(words if chance.random() < 0.4 else BOTH) for _ in range(12)]
    if chance.random() < 0.5:
        chosen.insert(chance.randrange(12), chance.choice(HTML))
    return " ".join(chosen)


def write_reviews(
    path: Path, count: int, *, bad_every: int = 0, unrated_every: int = 0, seed: int = 0
) -> Path:
    """Write raw reviews as Amazon's tab separated file.

    Args:
        path: the file.
        count: how many good rows.
        bad_every: after so many good rows, one that cannot be read; 0 for none.
        unrated_every: every so many rows, one without stars; 0 for none.
        seed: another seed gives other reviews.
    """
    chance = random.Random(seed)
    lines = ["\t".join(REVIEWS.names)]
    for i in range(count):
        stars = chance.choice((1, 2, 4, 5))
        rated = "" if unrated_every and i % unrated_every == 0 else str(stars)
        day = f"201{chance.randrange(3, 6)}-0{chance.randrange(1, 10)}-1{chance.randrange(10)}"
        product = f"B{chance.randrange(max(4, count // 8)):04d}"
        fields = ["US", f"C{i}", f"R{seed}-{i}", product, product, "A phone", "Wireless", rated]
        fields += ["0", "0", "N", "Y", "Five Stars" if stars == 5 else "My review"]
        lines.append("\t".join([*fields, body(chance, stars), day]))
        if bad_every and i % bad_every == 0:
            lines.append("US\tbroken row")
    path.write_text("\n".join(lines) + "\n")
    return path


def inputs(path: Path) -> list[Input]:
    """Return the raw file as it is read."""
    return open_inputs([str(path)], SourceSettings())


def prepared(path: Path, out: Path, clean: CleanSettings | None = None) -> PreparedData:
    """Prepare the raw file without leaving a readable review out."""
    return prepare(
        inputs(path),
        out,
        prepare=PrepareSettings(min_chars=0, max_chars=0, duplicates="keep", max_rejects=1.0),
        clean=clean or CleanSettings(),
        source=SourceSettings(),
    )


def classifier(seed: int = 0, family: type[Classifier] = TfidfSVC) -> Classifier:
    """Train a small sentiment classifier."""
    chance = random.Random(seed)
    stars = [1 + 4 * (i % 2) for i in range(300)]
    batch = pa.record_batch(
        {
            "review_headline": pa.array([None] * len(stars), pa.string()),
            "review_body": [body(chance, one) for one in stars],
            "label": pa.array([one // 5 for one in stars], pa.int32()),
        }
    )
    return family().fit(LabelledReviews.of_batches(batch, ["negative", "positive"]))


def bundle(path: Path, family: type[Classifier] = TfidfSVC, seed: int = 0) -> Bundle:
    """Train a small sentiment bundle and save it."""
    settings = BundleSettings(
        target=TargetSettings(), text=TextSettings(), split=SplitSettings(), clean=CleanSettings()
    )
    return save_bundle(
        path,
        classifier(seed, family),
        settings=settings,
        metrics={},
        data_fingerprint="none",
        rows={},
    )
