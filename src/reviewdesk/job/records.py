"""What the JSON files that reviewdesk writes say, in plain words."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reviewdesk.errors import InputError
from reviewdesk.report.numbers import share
from reviewdesk.storage import checked_record, read_json
from reviewdesk.training.figures import Estimate

EVALUATION = "reviewdesk.evaluation"
COMPARISON = "reviewdesk.comparison"
TRUTH = "reviewdesk.truth"
UNLABELLED = "reviewdesk.unlabelled"


def sentences_of_record(path: Path) -> tuple[str, list[str], dict[str, Any]]:
    """Return the kind, the sentences and the values of an evaluation, a comparison or a truth.

    Raises:
        StorageError: it cannot be read.
        InputError: it is none of these, or damaged.
    """
    record_json = read_json(path)
    form = record_json.get("format") if isinstance(record_json, dict) else None
    kinds = {
        EVALUATION: _evaluation,
        COMPARISON: _comparison,
        TRUTH: _truth,
        UNLABELLED: _unlabelled,
    }
    if form not in kinds:
        raise InputError(f"{path} is not something that reviewdesk made")
    record = checked_record(path, record_json)
    try:
        return form.removeprefix("reviewdesk."), kinds[form](record), record
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is damaged; make it again") from error


def found_right(metrics: Mapping[str, Any]) -> str:
    """Return how many reviews get the right label, with the interval of that share."""
    right = Estimate.from_json(metrics["figures"]["accuracy"])
    return f"{share(right.value)} of them get the right label (95 % interval {right.spread(share)})"


def _evaluation(record: Mapping[str, Any]) -> list[str]:
    measures, used = record["measures"], record["rows_used"]
    always = measures["always_the_most_frequent"]
    return [
        f"An evaluation of {record['bundle']}, a {record['family']} classifier of "
        f"{record['target']}, on {measures['rows']:,} reviews; {found_right(measures)}.",
        f"Always saying {always['label']} would be right for {share(always['accuracy'])}.",
        f"Reviews: {used['which']}, because {used['why']}.",
        f"The data has the fingerprint {record['data'][:16]}.",
    ]


def _comparison(record: Mapping[str, Any]) -> list[str]:
    bundles, used = record["bundles"], record["rows_used"]
    return [
        f"A comparison of {len(bundles)} classifiers of {record['target']} on the same "
        f"{used['measured']:,} reviews.",
        *(f"{one['name']} ({one['bundle']}): {found_right(one)}." for one in bundles),
        f"Reviews: {used['which']}, because {used['why']}.",
        f"The data has the fingerprint {record['data'][:16]}.",
    ]


def _unlabelled(record: Mapping[str, Any]) -> list[str]:
    return [*record["findings"], f"The data has the fingerprint {record['data'][:16]}."]


def _truth(record: Mapping[str, Any]) -> list[str]:
    planted = ", ".join(f"{number:,} {kind}" for kind, number in record["planted"].items())
    reviews = record.get("reviews")
    of = f"{reviews:,} reviews" if reviews else f"data with the fingerprint {record['data'][:16]}"
    return [
        f"Known errors of {of}: {planted}.",
        "Findings are graded against it; finders never read it.",
    ]
