"""The Multilingual Amazon Reviews Corpus (amazon_reviews_multi): JSON lines in six languages.

Source: Keung et al., EMNLP 2020. Each language comes from one marketplace, which is set from it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import ClassVar, Final

import pyarrow as pa

from reviewdesk.sources.base import Probe, RawRows, SourceFile, Tally
from reviewdesk.sources.json_formats import JsonFormat
from reviewdesk.sources.jsonlines import first_fields, json_rows
from reviewdesk.sources.kept import with_kept
from reviewdesk.sources.lines import line_blocks

COLUMNS: Final = {
    "marketplace": "language",
    "customer_id": "reviewer_id",
    "review_id": "review_id",
    "product_id": "product_id",
    "product_category": "product_category",
    "star_rating": "stars",
    "review_headline": "review_title",
    "review_body": "review_body",
}
MARKETPLACES: Final = {"de": "DE", "en": "US", "es": "ES", "fr": "FR", "ja": "JP", "zh": "CN"}
_REVIEW: Final = {"review_id", "reviewer_id", "stars", "review_body", "review_title", "language"}


class AmazonMulti(JsonFormat):
    """Reads amazon_reviews_multi."""

    name: ClassVar[str] = "amazon-multi"
    title: ClassVar[str] = "Multilingual Amazon Reviews Corpus"
    description: ClassVar[str] = "JSON lines with review_id, reviewer_id, stars, language"

    columns: ClassVar[Mapping[str, str]] = COLUMNS

    @classmethod
    def recognises(cls, probe: Probe) -> bool:
        """Look at the fields of the first review."""
        return first_fields(probe.head) >= _REVIEW

    def rows(self, file: SourceFile, tally: Tally) -> Iterator[RawRows]:
        """Yield the reviews, with the marketplace of their language."""
        told = self.settings.columns
        columns = with_kept(self.fields(file), self.kept)
        parts = json_rows(line_blocks(file, tally), columns, tally)
        for rows in self.noting_late(parts, file, tally):
            if "marketplace" in told:
                yield rows
                continue
            marketplaces = _marketplaces(rows.columns["marketplace"])
            yield replace(rows, columns={**rows.columns, "marketplace": marketplaces})


def _marketplaces(languages: pa.Array) -> pa.Array:
    distinct = languages.dictionary_encode()
    names = [MARKETPLACES.get(language) for language in distinct.dictionary.to_pylist()]
    return pa.array(names, pa.string()).take(distinct.indices)
