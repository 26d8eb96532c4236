"""Grading: folders of findings against folders of known errors, over one set of data or several."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.errors import InputError
from reviewdesk.findings.base import PROMISES
from reviewdesk.findings.store import folders_in, read_findings
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.schema import FINDINGS
from reviewdesk.sources.truth.grade import grade
from reviewdesk.sources.truth.grades import Grade, pooled
from reviewdesk.sources.truth.known import GRADED
from reviewdesk.sources.truth.read import read_truth
from reviewdesk.sources.truth.schema import Truth
from reviewdesk.storage import read_record

_READ: Final = ("review_id", "product_id", "review_date")


@dataclass(frozen=True)
class Graded:
    """Findings in one set of data, and what is known of it.

    Args:
        findings: a folder of findings, or one that holds several of them.
        truth: the folder of known errors.
        reviews: the data; with it, listed reviews of products that are themselves in the wrong
            category are not held against the finder.
    """

    findings: Path
    truth: Path
    reviews: PreparedData | None = None


def grade_findings(sets: Sequence[Graded]) -> Grade:
    """Compare findings with known errors; over several sets, sums of hits over sums of flags.

    Args:
        sets: at least one.

    Raises:
        InputError: a folder holds something else, findings or known errors of other data, or one is
            named twice.
        StorageError: it cannot be read.
    """
    folders = [one.findings.resolve() for one in sets]
    twice = next((one for one in folders if folders.count(one) > 1), None)
    if twice is not None:
        raise InputError(f"{twice} is named twice; pooled are different sets of data")
    return pooled([_grade(one) for one in sets])


def _grade(pair: Graded) -> Grade:
    stored = [read_findings(folder) for folder in folders_in(pair.findings)]
    truth = read_truth(pair.truth)
    about = read_record(pair.truth / "truth.json").get("data")
    for each in stored:
        if about is not None and each.about.get("data") != about:
            raise InputError(f"{each.path} holds findings in other data than {pair.truth} is about")
        if pair.reviews is not None and each.about.get("data") != pair.reviews.fingerprint:
            raise InputError(f"{each.path} holds findings in other data than the reviews given")
    table = pa.concat_tables([FINDINGS.empty_table(), *(each.findings.table for each in stored)])
    reviews = pair.reviews.table(_READ) if pair.reviews else None
    if about is None:
        _check_same_data(pair, table, truth, reviews)
    promised = {each.promise for one in stored for each in one.findings.lists}
    names = [each.findings.finder for each in stored]
    return grade(
        table, truth, sorted(promised or PROMISES, reverse=True), finders=names, reviews=reviews
    )


def _check_same_data(
    pair: Graded, listed: pa.Table, truth: Truth, reviews: pa.Table | None
) -> None:
    """Refuse known errors that name nothing of the data, where they do not say what it is.

    Reviews decide where both name some: products of different data may have the same ids.

    Raises:
        InputError: no id of theirs is in the reviews or, without these, in what is graded.
    """
    graded = listed.filter(pc.is_in(listed["finder"], pa.array(GRADED)))
    for kind, known in (("review", truth.reviews()), ("product", truth.products())):
        if reviews is not None:
            ids = reviews[f"{kind}_id"]
        else:
            ids = graded.filter(pc.equal(graded["kind"], kind))["what"]
        if not (len(known) and len(ids)):
            continue
        if pc.any(pc.is_in(ids, known)).as_py():
            return
        if reviews is not None:
            raise InputError(
                f"{pair.truth} is about other data: it names none of the reviews given"
            )
        raise InputError(
            f"{pair.truth} names nothing that {pair.findings} lists, so it seems to be about other "
            "data; if it is not, say what was looked at (--reviews DIR)"
        )
