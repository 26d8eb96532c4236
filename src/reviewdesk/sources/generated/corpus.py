"""Generates a corpus of reviews whose errors are known.

Reviews are made in blocks of a fixed size, each from its own stream of random numbers, so that
memory stays bounded and the result does not depend on how the work is divided.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from reviewdesk.errors import UsageError
from reviewdesk.progress import SILENT, Progress
from reviewdesk.settings import DemoSettings
from reviewdesk.sources.generated import catalogue as shares
from reviewdesk.sources.generated.catalogue import Catalogue, make_catalogue
from reviewdesk.sources.generated.facts import (
    COPIED_SHARE,
    FLIPPED_SHARE,
    REVIEW_CATEGORY_SHARE,
    Facts,
    copy_over_variants,
    draw_facts,
)
from reviewdesk.sources.generated.grammar import load_grammar
from reviewdesk.sources.generated.planted import Planted
from reviewdesk.sources.generated.rolls import Rolls
from reviewdesk.sources.generated.table import reviews_table
from reviewdesk.sources.generated.texts import write_texts
from reviewdesk.sources.generated.tsv import header, open_lines, render
from reviewdesk.sources.truth import truth_directory, write_truth
from reviewdesk.sources.truth.write import check_truth_directory
from reviewdesk.storage import write_then_rename

BLOCK: Final = 16_384
"""Reviews per block. Another size would be another corpus."""

_THREADS: Final = 2


@dataclass(frozen=True)
class GeneratedCorpus:
    """What was generated.

    Args:
        path: the file of reviews.
        reviews: how many it holds.
        products: how many different products they stand under.
        truth_dir: the folder of what is wrong with them.
        planted: how many errors of each kind there are.
    """

    path: Path
    reviews: int
    products: int
    truth_dir: Path
    planted: dict[str, int]


def generate(out: Path, settings: DemoSettings, progress: Progress = SILENT) -> GeneratedCorpus:
    """Write a file of made-up reviews, and beside it a folder of what is wrong with them.

    The same settings give the same reviews on any machine.

    Args:
        out: a ``.tsv`` or ``.tsv.gz`` file with the columns of Amazon Customer Reviews; the folder
            is called the same with ``.truth`` behind it.
        settings: how many reviews, and the seed.
        progress: shows how far it is.

    Raises:
        UsageError: the name is not one of a TSV file, or a file that was not generated is there.
        StorageError: it cannot be written.
    """
    settings.check()
    truth_dir = truth_directory(out)
    if not out.name.endswith((".tsv", ".tsv.gz")):
        raise UsageError(f"generated reviews are written as .tsv or .tsv.gz, not as {out.name}")
    if out.exists() and not (truth_dir / "truth.json").exists():
        raise UsageError(f"{out} is there and was not generated; give another name")
    check_truth_directory(truth_dir)
    catalogue = make_catalogue(load_grammar(), settings.reviews, settings.seed)
    planted = Planted(catalogue, settings.seed)
    with (
        progress.task("Generating", settings.reviews, "reviews") as task,
        write_then_rename(out) as file,
    ):
        with open_lines(file, out) as lines:
            lines.write(header())
            for first, facts, block in _blocks(catalogue, settings):
                lines.write(block)
                planted.add(facts, first)
                task.advance(len(facts))
        truth = planted.truth()
        write_truth(truth_dir, truth, _about(out, planted, settings))
    counts = {name: table.num_rows for name, table in truth.tables().items()}
    return GeneratedCorpus(out, settings.reviews, planted.products, truth_dir, counts)


def _about(out: Path, planted: Planted, settings: DemoSettings) -> dict[str, Any]:
    return {
        "reviews_file": out.name,
        "reviews": settings.reviews,
        "products": planted.products,
        "settings": settings.to_json(),
        "shares": {
            "review_category": REVIEW_CATEGORY_SHARE,
            "product_category": shares.PRODUCT_CATEGORY_SHARE,
            "declining_of_products_with_enough_reviews": shares.DECLINING_SHARE,
            "enough_reviews": shares.ENOUGH_REVIEWS,
            "products_with_variants": shares.VARIANTS_SHARE,
            "reviews_copied_over_variants": COPIED_SHARE,
            "stars_against_text": FLIPPED_SHARE,
        },
    }


def _blocks(
    catalogue: Catalogue, settings: DemoSettings
) -> Iterator[tuple[int, Facts, memoryview]]:
    """Yield the blocks in order, with a few made ahead on other threads."""
    starts = iter(range(0, settings.reviews, BLOCK))
    with ThreadPoolExecutor(_THREADS) as threads:
        ahead: deque[tuple[int, Future[tuple[Facts, memoryview]]]] = deque()
        for first in starts:
            ahead.append((first, threads.submit(_make_block, catalogue, settings, first)))
            if len(ahead) > _THREADS:
                oldest, made = ahead.popleft()
                yield oldest, *made.result()
        for oldest, made in ahead:
            yield oldest, *made.result()


def _make_block(
    catalogue: Catalogue, settings: DemoSettings, first: int
) -> tuple[Facts, memoryview]:
    rolls = Rolls(settings.seed, first // BLOCK)
    drawn = draw_facts(catalogue, _customers(settings), BLOCK, rolls, settings.seed)
    facts, origin = copy_over_variants(catalogue, drawn, rolls)
    kept = np.arange(origin.max() + 1)
    texts = write_texts(catalogue, drawn.take(kept), rolls)
    headlines, bodies = (text.take(origin) for text in texts)
    numbers = first + np.arange(BLOCK)
    table = reviews_table(catalogue, facts, numbers, (headlines, bodies), rolls, settings.seed)
    rows = min(BLOCK, settings.reviews - first)
    return facts.take(np.arange(rows)), render(table.slice(0, rows))


def _customers(settings: DemoSettings) -> int:
    return settings.reviews // 2 + 10
