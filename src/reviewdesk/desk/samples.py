"""Reviews to try the desk with, written for it."""

from typing import Final, NamedTuple


class ReviewSample(NamedTuple):
    """One review to try: the name of its button, its headline and its text."""

    name: str
    headline: str
    body: str


SAMPLES: Final = (
    ReviewSample(
        "A happy customer",
        "Exactly what I hoped for",
        "Bought this for my mother and she loves it. Easy to set up, works perfectly and looks "
        "lovely on the shelf. Great value, I would buy it again.",
    ),
    ReviewSample(
        "A complaint",
        "Stopped working after two weeks",
        "The zip broke on the second day and the seller never answered my messages. Poor quality, "
        "a waste of money. Very disappointed, I want a refund.",
    ),
    ReviewSample(
        "Some of both",
        "Good sound, poor battery",
        "The sound is great for the price and they are comfortable to wear. But the battery dies "
        "after two hours and one side keeps cutting out, so I am sending them back.",
    ),
    ReviewSample(
        "Irony",
        "Well done",
        "Great job: it took only three months to arrive and fell apart in my hands. Just perfect.",
    ),
    ReviewSample("Hardly a word", "", "Ok."),
    ReviewSample(
        "Copied from a web page",
        "Nice &amp; warm",
        "Fits <b>perfectly</b> &mdash; my daughter won&#39;t take it off!<br /><br />The colour is "
        "a little darker than in the picture.",
    ),
)
