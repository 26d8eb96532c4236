"""Public data sets that can be fetched: where they are, how large, on what terms.

Sources: the IMDb data set's README and page; the page of Amazon Reviews 2023.
"""

from dataclasses import dataclass
from typing import Final

from reviewdesk.errors import UsageError

IMDB_BYTES: Final = 84_125_825

MCAULEY_CATEGORIES: Final = (
    *("All_Beauty", "Amazon_Fashion", "Appliances", "Arts_Crafts_and_Sewing", "Automotive"),
    *("Baby_Products", "Beauty_and_Personal_Care", "Books", "CDs_and_Vinyl"),
    *("Cell_Phones_and_Accessories", "Clothing_Shoes_and_Jewelry", "Digital_Music"),
    *("Electronics", "Gift_Cards", "Grocery_and_Gourmet_Food", "Handmade_Products"),
    *("Health_and_Household", "Health_and_Personal_Care", "Home_and_Kitchen"),
    *("Industrial_and_Scientific", "Kindle_Store", "Magazine_Subscriptions", "Movies_and_TV"),
    *("Musical_Instruments", "Office_Products", "Patio_Lawn_and_Garden", "Pet_Supplies"),
    *("Software", "Sports_and_Outdoors", "Subscription_Boxes", "Tools_and_Home_Improvement"),
    *("Toys_and_Games", "Unknown", "Video_Games"),
)


@dataclass(frozen=True)
class Offer:
    """A data set that can be fetched.

    Args:
        name: how the user calls it.
        title: its own name.
        page: where its owners describe it.
        terms: what they say about its use.
        base: the address that its files are below.
        paths: of its files, below the base.
        size: bytes of its one file where that is known for good; else None.
    """

    name: str
    title: str
    page: str
    terms: str
    base: str
    paths: tuple[str, ...]
    size: int | None = None


def offer(name: str, *, metadata: bool = False) -> Offer:
    """Return the data set of a name.

    Args:
        name: ``imdb``, or ``mcauley-2023:`` with a category.
        metadata: with the file that describes the products, where there is one.

    Raises:
        UsageError: there is none of this name.
    """
    if name == "imdb":
        return Offer(
            name=name,
            title="Large Movie Review Dataset v1.0: 100,000 reviews of films, half labelled",
            page="https://ai.stanford.edu/~amaas/data/sentiment/",
            terms="no licence is known here, so read its page before you use it; papers cite Maas "
            "et al., ACL 2011; the reviews were written by users of IMDb",
            base="https://ai.stanford.edu/~amaas/data/sentiment",
            paths=("aclImdb_v1.tar.gz",),
            size=IMDB_BYTES,
        )
    kind, _, category = name.partition(":")
    if kind != "mcauley-2023":
        raise UsageError(f"unknown data set {name!r}; there are: imdb, mcauley-2023:CATEGORY")
    if category not in MCAULEY_CATEGORIES:
        raise UsageError(
            f"unknown category {category!r} of mcauley-2023; there are: "
            f"{', '.join(MCAULEY_CATEGORIES)}"
        )
    paths = [f"review_categories/{category}.jsonl.gz"]
    if metadata:
        paths.append(f"meta_categories/meta_{category}.jsonl.gz")
    return Offer(
        name=name,
        title=f"Amazon Reviews 2023 of the McAuley Lab: {category.replace('_', ' ')}",
        page="https://amazon-reviews-2023.github.io",
        terms="no licence is known here, so read its page before you use it; papers cite Hou et "
        "al., arXiv:2403.03952; the reviews were written by customers of Amazon",
        base="https://mcauleylab.ucsd.edu/public_datasets/data/amazon_2023/raw",
        paths=tuple(paths),
    )
