"""Finds categories that people speak of in other words than before."""

from typing import ClassVar, Final

import pyarrow as pa

from reviewdesk.findings.base import PROMISES, Finder, FinderInputs, Findings, PromisedList
from reviewdesk.findings.language.alarms import LanguageAlarms, raise_alarms
from reviewdesk.findings.language.finding_rows import NAME, day_of, finding_rows
from reviewdesk.findings.language.looks import FEWEST_MONTHS, FEWEST_PRODUCTS, MONTHS, WIDE
from reviewdesk.findings.language.units import ReadUnits, Units, read_units
from reviewdesk.progress import SILENT, Progress

NOTES: Final = (
    f"Each month that is over was compared with the {MONTHS} before it, and the last {WIDE} "
    "together with those before them, by one review of each product and among reviews of the same "
    "stars and of products spoken of about as often, so that neither one product nor a month of "
    "low stars is a shift. No earlier call changes when a month is added. Whoever was called is "
    "compared with the months since then.",
    "Words of a season are known as such from the second year on.",
)


class LanguageShiftFinder(Finder):
    """Finds categories whose words changed from one month to the next."""

    name: ClassVar[str] = NAME
    title: ClassVar[str] = "Shifts of language"
    description: ClassVar[str] = (
        "Categories that people speak of in other words than in the months before, since when, and "
        "the words that rose and fell."
    )
    columns: ClassVar[tuple[str, ...]] = ("product_category", "product_id", "review_date")

    def find(self, inputs: FinderInputs, *, progress: Progress = SILENT) -> Findings:
        """See ``Finder.find``."""
        read = read_units(inputs.data, progress)
        alarms = raise_alarms(read.units, progress)
        looked_at = {one.category for one in alarms.looked}
        never = len(read.units.categories) - len(looked_at)
        return Findings(
            self.name,
            finding_rows(inputs.data, read.units, alarms, progress),
            _lists(read, alarms),
            len(looked_at),
            {"categories with too few products in every month": never, **read.left_out},
            NOTES,
            {"months": _months(read.units, alarms)},
        )


def _lists(read: ReadUnits, alarms: LanguageAlarms) -> tuple[PromisedList, ...]:
    lists = []
    for promise in PROMISES:
        listed = sum(one.promise >= promise for one in alarms.alarms)
        why = None if listed else _why_empty(read, alarms)
        lists.append(PromisedList(promise, listed, alarms.expected_errors[promise], why))
    return tuple(lists)


def _why_empty(read: ReadUnits, found: LanguageAlarms) -> str:
    if found.looked:
        return "no category's words changed more than they do by chance"
    if not len(read.units.rows):
        return (
            "too few reviews to tell: none has a category, a product and a date in a month that "
            "is over"
        )
    return (
        f"too few reviews to tell: no category has {FEWEST_PRODUCTS} products with reviews in a "
        f"month and in {FEWEST_MONTHS} or more of the {MONTHS} months before it"
    )


def _months(units: Units, found: LanguageAlarms) -> pa.Table:
    """Return every look, the most surprising first."""
    called = {(one.looked.category, one.looked.month) for one in found.alarms}
    looked = sorted(found.looked, key=lambda one: (one.p_value, one.month, one.category))
    return pa.table(
        {
            "category": pa.array([units.categories[one.category] for one in looked], pa.string()),
            "month": pa.array([f"{day_of(one.month):%Y-%m}" for one in looked], pa.string()),
            "products": pa.array([one.products for one in looked], pa.int64()),
            "times_expected": pa.array(
                [one.distance.times_expected for one in looked], pa.float64()
            ),
            "p_value": pa.array([one.p_value for one in looked], pa.float64()),
            "listed": pa.array([(one.category, one.month) in called for one in looked], pa.bool_()),
        }
    )
