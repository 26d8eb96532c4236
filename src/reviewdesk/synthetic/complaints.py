"""Complaints planted in reviews of chosen products, and how many of them come back.

Nothing here knows how phrases are found: complaints are whole sentences out of a list, dealt to
products and reviews by hashes, and a listed phrase is about one when words of it begin in the two
ways that the list gives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.errors import InputError
from reviewdesk.text.hashing import hash64_text, unit_interval

FILE: Final = Path(__file__).with_name("complaints.txt")
NEEDED: Final = ("review_id", "product_id", "star_rating", "review_body")
NEGATIONS: Final = frozenset({"no", "not", "never", "nothing", "without"})


class Complaint(NamedTuple):
    """One complaint: how words about it begin, the ways to say it, and to say the opposite."""

    begins: tuple[str, ...]
    said: tuple[str, ...]
    denied: tuple[str, ...]

    def is_said_by(self, phrase: str) -> bool:
        """Say whether a phrase is about it and does not deny it."""
        words = phrase.lower().replace("'", " ").split()
        about = all(any(word.startswith(begin) for word in words) for begin in self.begins)
        return about and not NEGATIONS & set(words) and "t" not in words


@dataclass(frozen=True)
class PlantedComplaints:
    """Reviews with complaints, and which product got which.

    Args:
        reviews: the table with changed bodies.
        of_product: the complaint of each product that has one.
        planted: in how many of its reviews it stands.
    """

    reviews: pa.Table
    of_product: dict[str, Complaint]
    planted: dict[str, int]


class Grade(NamedTuple):
    """What came back of what was planted.

    Args:
        planted: how many products have a complaint.
        first: how many of these are among the product's first five phrases of low ratings.
        listed: how many are listed for low ratings at all.
        contradicting: how many stand among what high ratings praise.
    """

    planted: int
    first: int
    listed: int
    contradicting: int


@cache
def complaints() -> tuple[Complaint, ...]:
    """Return the complaints of the list."""
    known = []
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            about, _, rest = line.partition(": ")
            said, _, denied = rest.partition(" = ")
            known.append(
                Complaint(
                    *(
                        tuple(part.split(by))
                        for part, by in ((about, " "), (said, " | "), (denied, " | "))
                    )
                )
            )
    return tuple(known)


def plant_complaints(
    reviews: pa.Table,
    *,
    products: int = 10,
    share: float = 0.25,
    denied: float = 0.05,
    fewest: int = 30,
    seed: int = 0,
) -> PlantedComplaints:
    """Add a complaint to a share of the low ratings of some products, and deny it in a few high.

    Args:
        reviews: with the columns review_id, product_id, star_rating and review_body.
        products: how many products get a complaint of their own.
        share: of the product's reviews with one or two stars that say it.
        denied: of its reviews with four or five stars that say the opposite.
        fewest: low ratings that a product must have.
        seed: another seed deals them out otherwise.

    Raises:
        InputError: there are not so many products with so many low ratings.
    """
    stars = reviews["star_rating"].cast(pa.int64()).to_pylist()
    names, ids = reviews["product_id"].to_pylist(), reviews["review_id"].to_pylist()
    low: dict[str, int] = {}
    for name, rating in zip(names, stars, strict=True):
        if name is not None and rating is not None and rating <= 2:
            low[name] = low.get(name, 0) + 1
    able = sorted(name for name, number in low.items() if number >= fewest)
    if len(able) < products or products > len(complaints()):
        raise InputError(
            f"{len(able)} products have {fewest} low ratings or more, and there are "
            f"{len(complaints())} complaints; {products} cannot be planted"
        )
    able.sort(key=lambda name: hash64_text(f"{name} complaint", seed))
    of_product = dict(zip(able[:products], complaints(), strict=False))
    planted = dict.fromkeys(of_product, 0)
    bodies: list[Any] = reviews["review_body"].to_pylist()
    for row, (name, rating) in enumerate(zip(names, stars, strict=True)):
        complaint = of_product.get(name)
        if complaint is None or rating is None or rating == 3:
            continue
        drawn, which, where = _drawn(ids[row], seed)
        if rating <= 2 and drawn < share:
            bodies[row] = _with(bodies[row] or "", _one(complaint.said, which), where)
            planted[name] += 1
        elif rating >= 4 and drawn < denied:
            bodies[row] = _with(bodies[row] or "", _one(complaint.denied, which), where)
    place = reviews.schema.get_field_index("review_body")
    column = pa.array(bodies, reviews.schema.field("review_body").type)
    return PlantedComplaints(
        reviews.set_column(place, reviews.schema.field(place), column), of_product, planted
    )


def grade_complaints(planted: PlantedComplaints, phrases: pa.Table, most: int = 5) -> Grade:
    """Compare what was planted with the phrases that were found of products.

    Args:
        planted: what was planted.
        phrases: with the columns scope, part, side, kind, rank and text.
        most: how many of the first phrases of a list count.
    """
    chosen = pc.and_(pc.equal(phrases["scope"], "product"), pc.equal(phrases["kind"], "phrase"))
    first, listed, contradicting = set(), set(), set()
    for row in phrases.filter(chosen).to_pylist():
        complaint = planted.of_product.get(row["part"])
        if complaint is None or not complaint.is_said_by(row["text"]):
            continue
        if row["side"] == "high":
            contradicting.add(row["part"])
            continue
        listed.add(row["part"])
        if row["rank"] <= most:
            first.add(row["part"])
    return Grade(len(planted.of_product), len(first), len(listed), len(contradicting))


def _drawn(review: str, seed: int) -> tuple[float, float, float]:
    """Return three numbers in [0, 1) for a review."""
    hashes = [hash64_text(f"{review} {what}", seed) for what in ("drawn", "which", "where")]
    one, other, last = unit_interval(np.array(hashes, np.uint64)).tolist()
    return one, other, last


def _one(of: Sequence[str], drawn: float) -> str:
    return of[int(drawn * len(of))]


def _with(body: str, sentence: str, where: float) -> str:
    """Put a sentence before, between or behind those of a text."""
    sentences = body.split(". ")
    place = int(where * (len(sentences) + 1))
    before, behind = ". ".join(sentences[:place]), ". ".join(sentences[place:])
    if before and before[-1] not in ".!?":
        before += "."
    return " ".join(part for part in (before, f"{sentence}.", behind) if part)
