"""A finding on the desk: the block that pages show, with whole reviews and their telling words."""

from collections.abc import Mapping
from typing import Any

from reviewdesk.desk.highlight import segments
from reviewdesk.desk.reviews import Review
from reviewdesk.desk.visit import Visit
from reviewdesk.findings.page import finding_card
from reviewdesk.findings.texts import ReviewText
from reviewdesk.report.finding import Sample, finding_blocks
from reviewdesk.report.html import Html, element, fragment


def finding_block(visit: Visit, row: Mapping[str, Any]) -> Html:
    """Return a finding with all that a person needs to decide.

    Args:
        visit: the request.
        row: of schema ``FINDINGS``.
    """
    desk = visit.desk
    reviews = desk.reviews.by_id(row["samples"] or ())
    texts = {name: _text(review) for name, review in reviews.items()}
    info = desk.worklist.finder_info[row["finder"]]
    card = finding_card(dict(row), info, texts, f"finding-{row['finding_id']}")
    weights = {each.text: each.weight for each in card.words}
    shown = [name for name in row["samples"] or () if name in reviews]
    samples = [
        _whole(visit, sample, reviews[name], weights)
        for name, sample in zip(shown, card.samples, strict=True)
    ]
    return finding_blocks([card._replace(samples=samples)])


def _text(review: Review) -> ReviewText:
    return ReviewText(
        review.headline,
        review.body,
        review.stars,
        review.day,
        review.product,
        review.title,
        review.category,
    )


def _whole(visit: Visit, sample: Sample, review: Review, weights: Mapping[str, float]) -> Sample:
    """Return a sample whose text is whole and highlighted, with a way to where it stands."""
    source = fragment(
        element("a", review.id, href=visit.to(f"/reviews/{review.id}")),
        f" · {review.day:%Y-%m-%d}" if review.day else "",
    )
    return sample._replace(
        headline=marked(review.headline, weights),
        body=marked(review.body, weights),
        source=source,
    )


def marked(text: str, weights: Mapping[str, float]) -> Html:
    """Return a text with the words that speak for something, and against it, marked.

    Args:
        text: the text.
        weights: words with what they add; above 0 speaks for it.
    """
    if not weights:
        return fragment(text)
    parts: list[Html | str] = []
    for segment in segments(text, weights):
        if segment.level:
            side = "for" if segment.level > 0 else "against"
            parts.append(element("mark", segment.text, class_=f"{side} l{abs(segment.level)}"))
        else:
            parts.append(segment.text)
    return fragment(*parts)
