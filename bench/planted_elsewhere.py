"""Errors planted in raw files by other rules than those of ``find plant``, in plain Python.

It shares no module with ``find plant`` or the finders. A review in the wrong category takes the
place of a product drawn from all products of the other categories, however many reviews they have
(there: of a review, from a category drawn first); one under the wrong product that of any product
of its category; a product in the wrong category gets that of another product; of a declining one
most good reviews become bad ones in their stars alone, from a day on.
"""

import csv
import gzip
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

PLACE: Final = ("product_id", "product_parent", "product_title", "product_category")
ENOUGH: Final = 20
"""Reviews that a declining product has."""
GOOD: Final = 4
TURNED: Final = 0.7
"""The share of good reviews of a declining product that become bad."""

Row = dict[str, str]


def read(files: Sequence[Path], most: int, seed: int) -> list[Row]:
    """Read whole products of each file until there are so many reviews."""
    rows: list[Row] = []
    for file in files:
        with gzip.open(file, "rt", encoding="utf-8", newline="\n") as lines:
            of_file = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
        sizes = Counter(row["product_id"] for row in of_file)
        names = sorted(sizes)
        random.Random(seed).shuffle(names)
        kept: set[str] = set()
        reviews = 0
        for name in names:
            if reviews < most and sizes[name] <= most / 4:
                kept.add(name)
                reviews += sizes[name]
        rows += [row for row in of_file if row["product_id"] in kept and None not in row.values()]
    return rows


def write(rows: Sequence[Row], file: Path) -> None:
    """Write reviews as they were read."""
    with file.open("w", encoding="utf-8", newline="\n") as lines:
        lines.write("\t".join(rows[0]) + "\n")
        lines.writelines("\t".join(row.values()) + "\n" for row in rows)


def plant(rows: Sequence[Row], kind: str, share: float, seed: int) -> dict[str, str]:
    """Change reviews in place.

    Args:
        rows: the reviews.
        kind: ``review-category``, ``review-product``, ``product-category`` or ``declining``.
        share: of the reviews, of all products, or of those with enough reviews.
        seed: another seed changes others.

    Returns:
        What is wrong now, by id, and from which day on a product declines.
    """
    generator = random.Random(f"{kind} {share} {seed}")
    if kind in ("review-category", "review-product"):
        return _move(rows, kind == "review-product", share, generator)
    of_product: dict[str, list[Row]] = {}
    for row in rows:
        of_product.setdefault(row["product_id"], []).append(row)
    if kind == "product-category":
        return _relabel(of_product, share, generator)
    return _worsen(of_product, share, generator)


def _move(
    rows: Sequence[Row], same: bool, share: float, generator: random.Random
) -> dict[str, str]:
    places = sorted({tuple(row[name] for name in PLACE) for row in rows})
    wrong = {}
    for row in rows:
        if generator.random() >= share:
            continue
        for _ in range(1000):
            place = generator.choice(places)
            other = place[0] != row["product_id"] and place[1] != row["product_parent"]
            if other and (place[3] == row["product_category"]) == same:
                wrong[row["review_id"]] = ""
                row.update(zip(PLACE, place, strict=True))
                break
    return wrong


def _relabel(
    of_product: dict[str, list[Row]], share: float, generator: random.Random
) -> dict[str, str]:
    category = {name: rows[0]["product_category"] for name, rows in of_product.items()}
    names, wrong = sorted(of_product), {}
    for name in names:
        to = category[generator.choice(names)]
        if generator.random() < share and to != category[name]:
            wrong[name] = ""
            for row in of_product[name]:
                row["product_category"] = to
    return wrong


def _worsen(
    of_product: dict[str, list[Row]], share: float, generator: random.Random
) -> dict[str, str]:
    wrong = {}
    for name in sorted(of_product):
        rows = sorted(of_product[name], key=lambda row: row["review_date"])
        if len(rows) >= ENOUGH and generator.random() < share:
            since = rows[int(len(rows) * generator.uniform(0.3, 0.7))]["review_date"]
            wrong[name] = since
            for row in rows:
                bad = int(row["star_rating"]) >= GOOD and generator.random() < TURNED
                if row["review_date"] >= since and bad:
                    row["star_rating"] = generator.choice("12")
    return wrong
