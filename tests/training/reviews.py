"""Small prepared data with a known answer, made by the real steps."""

from pathlib import Path

import numpy as np

from reviewdesk.prepare.prepare import prepare
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources.catalog import open_inputs

GOOD = ("lovely", "perfect", "sturdy", "bright", "wonderful", "charming")
BAD = ("broken", "dreadful", "useless", "flimsy", "faulty", "ghastly")
PLAIN = ("the", "parcel", "came", "and", "my", "aunt", "used", "it", "in", "winter", "mostly")
HEADLINES = {1: "One Star", 5: "Five Stars"}
COLUMNS = (
    "marketplace customer_id review_id product_id product_parent product_title product_category "
    "star_rating helpful_votes total_votes vine verified_purchase review_headline review_body "
    "review_date"
).split()


def write_reviews(path: Path, rows: int, *, seed: int = 0, stars: tuple[int, ...] = (1, 5)) -> Path:
    """Write reviews whose words go with their stars most of the time, as Amazon's format.

    Every fourth has a default headline; review 0 has markup in its headline and body.
    """
    generator = np.random.default_rng(seed)
    lines = ["\t".join(COLUMNS)]
    for number in range(rows):
        rating = int(generator.choice(stars))
        tone = GOOD if (rating >= 4) == (generator.random() < 0.9) else BAD
        words = [*generator.choice(PLAIN, 8), *generator.choice(tone, 2), f"note{number}"]
        headline = HEADLINES.get(rating, "Hm") if number % 4 == 0 else "My view"
        body = " ".join(words)
        if number == 0:
            headline, body = "a &lt;b&gt; c", f"&lt;script&gt;alert(1)&lt;/script&gt; {body}"
        product = f"P{generator.integers(rows // 5 + 1):04d}"
        lines.append(
            "\t".join(
                (
                    *("US", f"C{number}", f"R{seed}-{number:05d}", product, product, "Thing"),
                    *("Gadgets", str(rating), "0", "0", "N", "Y", headline, body, "2015-03-01"),
                )
            )
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def prepared(path: Path, out: Path, clean: CleanSettings | None = None) -> PreparedData:
    """Prepare a file of reviews."""
    source = SourceSettings()
    return prepare(
        open_inputs([str(path)], source),
        out,
        prepare=PrepareSettings(),
        clean=clean or CleanSettings(),
        source=source,
    )
