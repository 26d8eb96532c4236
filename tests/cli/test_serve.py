"""What `reviewdesk serve` is told to serve."""

from pathlib import Path

import pytest

from reviewdesk.cli.endpoints import endpoints_of
from reviewdesk.errors import UsageError


def test_variants_with_weights_and_shadows(job: Path) -> None:
    bundle = job / "job" / "sentiment" / "bundle"
    endpoints = endpoints_of(
        [f"sentiment=A={bundle}:0.9,B={bundle}:0.1", f"other={bundle}"],
        [f"sentiment=C={bundle}:0.2", f"other={bundle}:0.5"],
    )
    assert endpoints["sentiment"].weights == {"A": 0.9, "B": 0.1}
    assert [(one.name, one.weight) for one in endpoints["sentiment"].shadows] == [("C", 0.2)]
    assert endpoints["other"].weights == {"AllTraffic": 1.0}
    assert [(one.name, one.weight) for one in endpoints["other"].shadows] == [("bundle", 0.5)]


def test_one_bundle_is_called_as_sagemaker_calls_it(job: Path) -> None:
    (endpoint,) = endpoints_of([f"sentiment={job / 'job' / 'sentiment' / 'bundle'}"], []).values()
    assert endpoint.weights == {"AllTraffic": 1.0}


@pytest.mark.parametrize(
    ("words", "shadows"),
    [
        (["{bundle}"], []),
        (["a={bundle}", "a={bundle}"], []),
        (["a={bundle}:0.5,{bundle}:0.5"], []),
        (["a={bundle}:much"], []),
        (["a=x_y/z={bundle}:1"], []),
        (["a={bundle}"], ["b={bundle}:0.2"]),
        (["a={bundle}"], ["a=C={bundle}:20"]),
        (["a=A={bundle}:1,B={other}:1"], []),
    ],
)
def test_what_cannot_be_served_is_refused(job: Path, words: list[str], shadows: list[str]) -> None:
    places = {
        "bundle": job / "job" / "sentiment" / "bundle",
        "other": job / "job" / "category" / "bundle",
    }
    with pytest.raises(UsageError):
        endpoints_of(
            [one.format(**places) for one in words], [one.format(**places) for one in shadows]
        )
