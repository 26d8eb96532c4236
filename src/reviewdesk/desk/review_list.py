"""Reviews as the desk shows them: one after the other, with labels and marked words."""

from collections.abc import Mapping, Sequence

from reviewdesk.desk.evidence import marked
from reviewdesk.desk.reviews import Review
from reviewdesk.desk.visit import Visit
from reviewdesk.desk.wording import label_name
from reviewdesk.report.finding import stars_drawn
from reviewdesk.report.html import Child, Html, element, fragment


def review_items(
    visit: Visit, reviews: Sequence[Review], weights: Mapping[str, float], *, product: bool = True
) -> Html:
    """Return reviews as a list.

    Args:
        visit: the request.
        reviews: what is shown.
        weights: words to mark.
        product: whether to say what each is about.
    """
    items = [review_item(visit, review, weights, product=product) for review in reviews]
    return element("ul", *items, class_="reviews")


def review_item(
    visit: Visit, review: Review, weights: Mapping[str, float], *, product: bool = True
) -> Html:
    """Return one review."""
    say = visit.desk.texts
    stars: Child = stars_drawn(review.stars) if review.stars else ""
    about: Child = ""
    if product and review.product:
        name = review.title or review.product
        address = visit.to(f"/products/{review.product}")
        about = element("p", element("a", name, href=address, dir="auto"), class_="about")
    facts: list[Child] = [element("a", review.id, href=visit.to(f"/reviews/{review.id}"))]
    facts += [f"{review.day:%Y-%m-%d}"] if review.day else []
    facts += [say("review.verified")] if review.verified else []
    facts += [say.number("review.helpful", review.votes)] if review.votes else []
    if review.customer:
        address = visit.to(f"/customers/{review.customer}")
        facts.append(element("a", say("customer.short", name=review.customer[:6]), href=address))
    separated = [part for fact in facts for part in (" · ", fact)][1:]
    return element(
        "li",
        about,
        element(
            "p",
            stars,
            " ",
            element("strong", marked(review.headline, weights), dir="auto"),
            class_="headline",
        ),
        element("p", marked(review.body, weights), dir="auto", class_="body"),
        element("p", *separated, class_="source"),
        _labels(visit, review),
    )


def _labels(visit: Visit, review: Review) -> Html:
    """Return what was predicted of a review, by a classifier that had not seen it."""
    if not review.labels:
        return fragment()
    say = visit.desk.texts
    parts = [
        element(
            "span",
            say("review.label", label=label_name(say, target, value.label), sure=value.sure),
            class_="predicted",
            title=say("review.label_title", target=target),
        )
        for target, value in review.labels.items()
    ]
    return element("p", *[x for part in parts for x in (part, " ")], class_="labels")
