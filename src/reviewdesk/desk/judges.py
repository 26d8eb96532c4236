"""Who judges a pasted review: bundles that are served, or an endpoint elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import pyarrow as pa

from reviewdesk.bundle import Bundle
from reviewdesk.desk.measured import Measured, measured_like
from reviewdesk.desk.texts import Texts
from reviewdesk.desk.wording import ORDER
from reviewdesk.scoring.explain import TextVerdict, explain
from reviewdesk.settings import OWN

MOST_WORDS: Final = 16


class Pasted(NamedTuple):
    """A review as somebody pasted it; headline and the product's title may be empty."""

    headline: str
    body: str
    title: str = ""


class Judge(Protocol):
    """Something that says what a review is."""

    @property
    def target(self) -> str:
        """What it judges, as in ``sentiment``."""
        ...

    @property
    def is_example(self) -> bool:
        """Whether it learned from generated reviews."""
        ...

    @property
    def rests_on(self) -> str:
        """On what it rests where nobody taught it; else empty."""
        ...

    @property
    def reads_title(self) -> bool:
        """Whether it reads the title of the product."""
        ...

    def meaning(self, say: Texts) -> str:
        """Return what its labels mean, in a sentence."""
        ...

    def read(self, review: Pasted) -> dict[str, str]:
        """Return headline and body as it reads them."""
        ...

    def judge(self, review: Pasted) -> tuple[TextVerdict, Measured | None]:
        """Return its verdict, and what was measured of verdicts like it; None if nothing was."""
        ...


@dataclass(frozen=True)
class BundleJudge:
    """A bundle that is served here.

    Args:
        bundle: what predicts.
    """

    bundle: Bundle

    @property
    def target(self) -> str:
        """What it judges."""
        return self.bundle.target

    @property
    def is_example(self) -> bool:
        """Whether it learned from generated reviews."""
        return self.bundle.is_example

    @property
    def rests_on(self) -> str:
        """On what it rests where nobody taught it."""
        return self.bundle.rests_on

    @property
    def reads_title(self) -> bool:
        """Whether it reads the title of the product."""
        return "product_title" in self.bundle.settings.text.fields

    def meaning(self, say: Texts) -> str:
        """Return what its labels mean, as it was trained."""
        target, labels = self.bundle.settings.target, len(self.bundle.labels)
        if target.target == "sentiment":
            lowest = target.positive_from
            good = say("paste.means.five") if lowest == 5 else say("paste.means.from", n=lowest)
            worst = lowest - 2 if target.drop_three and lowest == 4 else lowest - 1
            bad = say("paste.means.one") if worst == 1 else say("paste.means.to", n=worst)
            return say("paste.means.sentiment", good=good, bad=bad)
        if target.target == "stars":
            return say("paste.means.stars")
        named = {"labels": "labels", OWN: "label"}.get(target.target, "category")
        return say(f"paste.means.{named}", n=labels)

    def read(self, review: Pasted) -> dict[str, str]:
        """Return headline and body, cleaned."""
        columns = {"review_headline": [review.headline or None], "review_body": [review.body]}
        schema = pa.schema([(name, pa.string()) for name in columns])
        batch = self.bundle.clean(pa.RecordBatch.from_pydict(columns, schema))
        return {name: batch.column(name)[0].as_py() or "" for name in batch.schema.names}

    def judge(self, review: Pasted) -> tuple[TextVerdict, Measured | None]:
        """Return its verdict, and how often such verdicts were right."""
        headline, body, title = review
        found = explain(self.bundle, body, headline=headline, title=title, words=MOST_WORDS)
        return found, measured_like(self.bundle, found.known_words, found.probability)


def judges_of(bundles: Mapping[str, Bundle]) -> list[Judge]:
    """Return the bundles that the page asks: the first for each target, in the page's order."""
    first: dict[str, Bundle] = {}
    for bundle in bundles.values():
        first.setdefault(bundle.target, bundle)
    return [BundleJudge(first[target]) for target in in_order(first)]


def in_order(targets: Mapping[str, object]) -> list[str]:
    """Return targets in the order in which the page shows them."""
    order = [*ORDER, *sorted(set(targets) - set(ORDER))]
    return [target for target in order if target in targets]
