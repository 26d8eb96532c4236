"""What the desk makes of one review: a judgement for each target that is served."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reviewdesk.desk.highlight import segments
from reviewdesk.desk.judges import Judge, Pasted
from reviewdesk.desk.measured import Measured
from reviewdesk.desk.texts import Texts
from reviewdesk.desk.wording import (
    FAIRLY_SURE,
    certainty,
    disagree,
    heading,
    label_name,
    verdict,
    words_against,
    words_for,
)
from reviewdesk.errors import PayloadTooLarge, RequestError
from reviewdesk.examples.targets import label_parts
from reviewdesk.scoring.explain import TextVerdict

MOST_CHARACTERS: Final = 20_000
SHOWN_WORDS: Final = 8
SHOWN_LABELS: Final = 5
MIDDLE: Final = 3  # stars
TELLING: Final = 0.1
"""Words that weigh less than this share of the strongest one are not worth a reader's time."""


@dataclass(frozen=True)
class Judgement:
    """One bundle's answer about one review.

    Args:
        target: what was judged, as in ``"sentiment"``.
        explanation: the probabilities and the words behind them.
        measured: how often verdicts like this one were right; None where it was not measured.
    """

    target: str
    explanation: TextVerdict
    measured: Measured | None = None

    @property
    def weights(self) -> dict[str, float]:
        """The words that count, with what they added to the likeliest label, strongest first."""
        strongest = max((abs(one.weight) for one in self.explanation.evidence), default=0.0)
        return {
            one.word: one.weight
            for one in self.explanation.evidence
            if abs(one.weight) >= TELLING * strongest
        }

    def to_json(self, say: Texts) -> dict[str, Any]:
        """Return what the page shows of it."""
        label, probability = self.explanation.label, self.explanation.probability
        unknown = self.explanation.cannot_tell
        sure = say("judgement.nothing_known")
        if not unknown:
            sure = certainty(say, probability, self.measured)
        unseen = self.explanation.unseen_language
        if unseen:
            name = say(f"language_name.{unseen}")
            sure = f"{sure} {say('judgement.unseen_language', language=name)}"
        others = [one for one in self.explanation.probabilities if one != label]
        return {
            "target": self.target,
            "title": heading(say, self.target),
            "label": label,
            "verdict": say("judgement.cannot_tell")
            if unknown
            else verdict(say, self.target, label, probability),
            "certainty": sure,
            "clear": probability >= FAIRLY_SURE and not unknown and not unseen,
            "cannot_tell": unknown,
            "probability": probability,
            "labels": self._labels(say),
            "for": {"title": words_for(say, self.target, label), "words": self._words(1)},
            "against": {
                "title": words_against(
                    say, self.target, label, others[0] if len(others) == 1 else None
                ),
                "words": self._words(-1),
            },
        }

    def _labels(self, say: Texts) -> list[dict[str, Any]]:
        """Return the labels to show: all of a few in their order, else the likeliest first."""
        shown = list(self.explanation.probabilities.items())
        if len(shown) > SHOWN_LABELS:
            shown = sorted(shown, key=lambda one: -one[1])[:SHOWN_LABELS]
        return [
            {
                "label": label,
                "name": label_name(say, self.target, label),
                "probability": probability,
            }
            for label, probability in shown
        ]

    def _words(self, sign: int) -> list[dict[str, Any]]:
        """Return the words of one side; a pair says nothing new where both its words are there."""
        side = {word: weight for word, weight in self.weights.items() if sign * weight > 0}
        shown = [
            {"word": word, "weight": weight}
            for word, weight in side.items()
            if " " not in word or not all(part in side for part in word.split())
        ]
        return shown[:SHOWN_WORDS]


def analyse(judges: Sequence[Judge], review: Pasted, say: Texts) -> dict[str, Any]:
    """Return what the page shows about one review.

    Args:
        judges: who is asked; the first gives the verdict and the highlighted words.
        review: as it was pasted.
        say: the desk's sentences.

    Raises:
        RequestError: there is no text to read.
        PayloadTooLarge: the review is longer than the desk takes.
    """
    if sum(map(len, review)) > MOST_CHARACTERS:
        raise PayloadTooLarge(say("judgement.too_long", n=MOST_CHARACTERS))
    read = judges[0].read(review)
    if not (read["review_headline"] or read["review_body"]):
        raise RequestError(say("judgement.no_text"))
    judgements = [Judgement(judge.target, *judge.judge(review)) for judge in judges]
    return {
        "positivity": _positivity(judgements),
        "disagreement": disagreement(judgements, say),
        "judgements": [one.to_json(say) for one in judgements],
        "review": {
            name: [
                {"text": one.text, "level": one.level}
                for one in segments(text, judgements[0].weights)
            ]
            for name, text in read.items()
        },
    }


def disagreement(judgements: Sequence[Judgement], say: Texts) -> dict[str, str] | None:
    """Return what to say where the verdict is positive and the stars are bad, or the reverse.

    Returns:
        The ``verdict`` in place of the first one, and why it is ``unclear``; None where they agree.
    """
    sides = {one.target: (one, _side(one)) for one in judgements if not one.explanation.cannot_tell}
    if "sentiment" not in sides:
        return None
    verdict, side = sides["sentiment"]
    for target in ("stars", "category-stars"):
        if target in sides and side * sides[target][1] < 0:
            rated = sides[target][0].explanation
            named = (
                label_name(say, "sentiment", verdict.explanation.label),
                label_name(say, "stars", label_parts(rated.label)[1]),
            )
            return disagree(say, named, (verdict.explanation.probability, rated.probability))
    return None


def _side(judgement: Judgement) -> int:
    """Return 1 for a label that is praise, -1 for a complaint and 0 for what is neither."""
    label = judgement.explanation.label
    if judgement.target == "sentiment":
        return 1 if label == "positive" else -1
    if judgement.target not in ("stars", "category-stars"):
        return 0
    rated = int(label_parts(label)[1])
    return (rated > MIDDLE) - (rated < MIDDLE)


def _positivity(found: list[Judgement]) -> int | None:
    """Return how positive the review is, 0 to 100: from its sentiment, else from stars."""
    by_target = {one.target: one.explanation.probabilities for one in found}
    if "sentiment" in by_target:
        return round(100 * by_target["sentiment"].get("positive", 0.0))
    if "stars" in by_target:
        return _of_stars(by_target["stars"])
    if "category-stars" in by_target:
        rated: dict[str, float] = {}
        for label, share in by_target["category-stars"].items():
            stars = label_parts(label)[1]
            rated[stars] = rated.get(stars, 0.0) + share
        return _of_stars(rated)
    return None


def _of_stars(shares: Mapping[str, float]) -> int:
    """Return the mean of the stars, 1 to 5, as 0 to 100."""
    expected = sum(int(stars) * share for stars, share in shares.items())
    return round(25 * (expected - 1))
