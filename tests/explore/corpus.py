"""Small prepared data to explore, and a plain way to count what is in it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from reviewdesk.prepare.erase import erase
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import PrepareSettings
from tests.prepare.corpus import anonymous, prepared, write_lines

TOPICS = {
    "Books": "chapter author plot novel page",
    "Garden": "shovel hose tomato seed lawn",
    "Phones": "battery screen charger signal ringtone",
}


def explored(folder: Path, rows: Sequence[dict[str, Any]], **layout: Any) -> PreparedData:
    """Prepare reviews given as the columns that they have; ids and a body are made up.

    Without rows nothing is left of a review that was erased.
    """
    lines = [
        {"review_id": f"R{n:06d}", "review_body": f"Number {n} works well enough.", **row}
        for n, row in enumerate(rows)
    ]
    folder.mkdir(exist_ok=True)
    source = write_lines(folder / "reviews.jsonl", lines or [anonymous("Gone.", customer_id="C")])
    settings = replace(PrepareSettings(duplicates="keep"), **layout)
    data = prepared(folder / "prepared", source, settings=settings)
    return data if lines else erase(data.path, "C").data


def reviews(count: int = 2_400) -> list[dict[str, Any]]:
    """Return reviews of three categories over four years whose words and lengths change.

    From 2014 on, books are praised as an audiobook and no more as a hardcover; reviews get longer;
    those with one star complain.
    """
    rows = []
    for n in range(count):
        category = list(TOPICS)[n % 3]
        year, month, stars = 2011 + n % 4, n // 12 % 12 + 1, (5, 5, 4, 1, 3, 2, 1)[n % 7]
        words = TOPICS[category].split()
        fashion = "audiobook" if year == 2014 else "hardcover"
        mood = "broken refund" if stars == 1 else "lovely present"
        said = [words[n % 5], words[n // 5 % 5], mood, fashion if category == "Books" else "thing"]
        filler = "and so it was " * (year - 2010)
        rows.append(
            {
                "product_id": f"{category}-{n % 40 if n % 9 else n}",
                "product_category": category,
                "product_title": "<b>Title</b><script>alert(1)</script>",
                "star_rating": stars,
                "review_body": f"{filler}{' . '.join(said)} . item{n}",
                "review_date": f"{year}-{month:02d}-{n % 28 + 1:02d}",
            }
        )
    return rows
