"""Finds products, and whole categories, that get worse, and those that get better."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.findings.base import PROMISES, Finder, FinderInputs, Findings, PromisedList
from reviewdesk.findings.declining.alarms import Alarms, raise_alarms
from reviewdesk.findings.declining.baselines import FEWEST_REVIEWS, learn_baselines
from reviewdesk.findings.declining.categories import ChangedCategory, changed_categories
from reviewdesk.findings.declining.category_rows import category_rows
from reviewdesk.findings.declining.evidence import NOTHING, Floats
from reviewdesk.findings.declining.finding_rows import ChangeContext, ListedChanges, finding_rows
from reviewdesk.findings.declining.histories import Histories
from reviewdesk.findings.declining.scoring import LookScores, score_looks, turned
from reviewdesk.findings.declining.stars import TARGET, ReadStars, read_histories
from reviewdesk.findings.products import Products, read_products
from reviewdesk.progress import SILENT, Progress
from reviewdesk.report.numbers import plural
from reviewdesk.stats.e_values import e_benjamini_hochberg, e_values_looked_back, ever_p_values

ROUNDS: Final = 50
FEWEST_CHANGED: Final = 0.001

LOOKS: Final = (
    "Products were looked at month by month, with what was known by then; whoever was called stays "
    "in the list. The promise is about all that were called until any month. Run it again when a "
    "month is over: no earlier call changes."
)


PRESUPPOSED: Final = (
    "It presupposes that products change independently of each other, or together in one "
    "direction; how many calls are wrong was measured, not proved."
)


class DecliningFinder(Finder):
    """Finds products whose stars got worse at some time."""

    name: ClassVar[str] = "declining"
    title: ClassVar[str] = "Declining products"
    description: ClassVar[str] = (
        "Products, and whole categories, whose stars got worse, since when, and what people say "
        "since then."
    )
    columns: ClassVar[tuple[str, ...]] = ("product_id", "review_date")
    targets: ClassVar[tuple[str, ...]] = (TARGET,)
    worse: ClassVar[bool] = True

    def find(self, inputs: FinderInputs, *, progress: Progress = SILENT) -> Findings:
        """See ``Finder.find``."""
        products = read_products(inputs.data, progress, ratings=True)
        read = read_histories(inputs, products)
        histories = read.histories if self.worse else turned(read.histories)
        baselines = learn_baselines(histories)
        scores = score_looks(histories, baselines)
        alarms = {
            promise: raise_alarms(histories, scores.levels, 1 - promise) for promise in PROMISES
        }
        able = histories.reviews >= FEWEST_REVIEWS
        highest, last = _heights(histories, scores)
        listed = _listed(histories, scores, alarms, able)
        given = ChangeContext(
            self.name, self.worse, inputs.data, products, histories, read.product, baselines,
            scores.p_values, ever_p_values(highest),
        )  # fmt: skip
        categories = changed_categories(histories, read.product, products, PROMISES)
        table = finding_rows(given, listed, progress)
        if categories:
            table = pa.concat_tables([category_rows(given, categories, progress), table])
        return Findings(
            self.name,
            table,
            _lists(alarms, listed, categories, int(able.sum())),
            int(able.sum()),
            {
                f"products with fewer than {FEWEST_REVIEWS} dated stars": int((~able).sum()),
                **read.left_out,
            },
            _notes(read, e_values_looked_back(highest[able], last[able])),
            {"any_time": _any_time(given, highest, last, listed)},
            {"stars": "texts" if read.from_texts else "ratings"},
        )


class ImprovingFinder(DecliningFinder):
    """Finds products whose stars got better at some time."""

    name: ClassVar[str] = "improving"
    title: ClassVar[str] = "Improving products"
    description: ClassVar[str] = (
        "Products, and whole categories, whose stars got better, since when, and what people say "
        "since then."
    )
    worse: ClassVar[bool] = False


def _heights(histories: Histories, scores: LookScores) -> tuple[Floats, Floats]:
    """Return the highest and the last value of each product's e-process, as logarithms (p,)."""
    highest, last = np.zeros(histories.products), np.zeros(histories.products)
    np.maximum.at(highest, histories.product_of_look, scores.process)
    looked = np.diff(histories.look_offsets) > 0
    last[looked] = scores.process[histories.look_offsets[1:][looked] - 1]
    return highest, last


def _listed(
    histories: Histories, scores: LookScores, alarms: dict[float, Alarms], able: NDArray[Any]
) -> ListedChanges:
    """Return all that were called for any promise, the surest first; the strictest call counts."""
    promise = np.zeros(histories.products)
    look, month = np.full(histories.products, -1), np.full(histories.products, -1)
    for one, raised in sorted(alarms.items()):
        called = raised.products
        promise[called], look[called], month[called] = (
            one,
            raised.look[called],
            raised.month[called],
        )
    chosen = np.flatnonzero(promise > 0)
    posterior = _posterior(histories, scores, look[chosen], able)
    order = np.lexsort((histories.keys[chosen], -posterior, -promise[chosen]))
    chosen = chosen[order]
    return ListedChanges(chosen, look[chosen], month[chosen], posterior[order], promise[chosen])


def _posterior(
    histories: Histories, scores: LookScores, looks: NDArray[Any], able: np.ndarray
) -> Floats:
    """Return how probable a change was at each of some looks.

    The share of products that change is fitted by maximum likelihood on what is known of all now.
    """
    if not len(looks):
        return np.empty(0)
    now = np.exp(np.clip(scores.ratio[histories.look_offsets[1:][able] - 1], NOTHING, 700))
    share = 0.05
    for _ in range(ROUNDS):
        share = max(float(np.mean(share * now / (1 - share + share * now))), FEWEST_CHANGED)
    product = histories.product_of_look[looks]
    highest = np.array(
        [
            scores.ratio[histories.look_offsets[one] : look + 1].max()
            for one, look in zip(product, looks, strict=True)
        ]
    )
    odds = share / (1 - share) * np.exp(np.minimum(highest, 700))
    return np.asarray(odds / (1 + odds))


def _lists(
    alarms: dict[float, Alarms],
    listed: ListedChanges,
    categories: Sequence[ChangedCategory],
    able: int,
) -> tuple[PromisedList, ...]:
    lists = []
    for promise in PROMISES:
        of_categories = sum(one.promise >= promise - 1e-9 for one in categories)
        count = int((listed.promise >= promise - 1e-9).sum()) + of_categories
        why = None
        if not count:
            why = (
                "no product's stars speak clearly enough for a change"
                if able
                else f"too few reviews to tell: no product has {FEWEST_REVIEWS} dated stars"
            )
        errors = alarms[promise].expected_errors + (1 - promise) * of_categories
        errors = min(errors, (1 - promise) * count)
        lists.append(PromisedList(promise, count, errors, why))
    return tuple(lists)


def _notes(read: ReadStars, log_e: Floats) -> tuple[str, ...]:
    notes = [LOOKS, PRESUPPOSED]
    if read.from_texts:
        notes.append(
            "Most reviews have no stars: those that the texts speak of were taken for all."
        )
    if len(log_e):
        sure = plural(int((e_benjamini_hochberg(log_e) <= 0.1).sum()), "product", "products")
        notes.append(
            f"Counted more strictly (by e-values, as of the last month), {sure} would be listed at "
            "90 %. That holds however products depend on each other, for products whose stars, "
            "while nothing changes, are as mixed as those of the products before them; the table "
            "any_time has each product's."
        )
    return tuple(notes)


def _any_time(
    given: ChangeContext, highest: Floats, last: Floats, listed: ListedChanges
) -> pa.Table:
    """Return for each product the chance that stars without a change ever look so changed."""
    histories = given.histories
    able = np.flatnonzero(histories.reviews >= FEWEST_REVIEWS)
    order = able[np.lexsort((histories.keys[able], -highest[able]))]
    products: Products = given.products
    return pa.table(
        {
            "product_id": pa.array(
                [products.ids[one] for one in given.product[order]], pa.string()
            ),
            "reviews": pa.array(histories.reviews[order], pa.int64()),
            "highest_log_e": pa.array(highest[order]),
            "log_e": pa.array(e_values_looked_back(highest, last)[order]),
            "chance_at_any_time": pa.array(given.ever[order]),
            "listed": pa.array(np.isin(order, listed.histories)),
        }
    )
