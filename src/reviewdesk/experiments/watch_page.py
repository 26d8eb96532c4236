"""The page of a watch on a live model."""

from reviewdesk.experiments.watch import Watch, WatchedQuantity
from reviewdesk.report.blocks import Column, definitions, table
from reviewdesk.report.html import Html
from reviewdesk.report.numbers import count, share
from reviewdesk.report.page import Page
from reviewdesk.report.panels import SCRIPT
from reviewdesk.report.timeline import Line, timeline


def watch_page(watch: Watch, name: str) -> Page:
    """Return the page of a watch.

    Args:
        watch: how its quantities have gone.
        name: what the model is called.
    """
    page = Page(name, watch.sentence, "Monitor", SCRIPT)
    rows = [
        [
            watched.quantity.title,
            share(watched.quantity.mean),
            f"{share(watched.quantity.low)} to {share(watched.quantity.high)}",
            share(watched.now),
            count(watched.rows[-1]),
            "changed" if watched.alarm else "as it was",
        ]
        for watched in watch.watched
    ]
    columns = [
        Column("quantity", numeric=False),
        *map(Column, ("when trained", "may be", "lately", "reviews")),
        Column("result", numeric=False),
    ]
    page.section("What is watched", table("When trained and lately", columns, rows))
    page.section("Over time", *map(_course, watch.watched))
    page.section("How this was computed", definitions([
        ("When trained", "of the reviews that the model did not learn from; what it may be is "
         "99.9 % wide, reviews of one product counted as alike."),
        ("Alarms", "bets that a quantity has left that range, begun anew every 200 reviews: all "
         "alarms of all quantities, over all looks, are false with a chance of 5 % at most."),
    ]))  # fmt: skip
    return page


def _course(watched: WatchedQuantity) -> Html:
    quantity = watched.quantity
    high = max(float(watched.means.max()), quantity.high) * 1.1
    return timeline(
        [str(rows) for rows in watched.rows],
        [
            Line(quantity.title, watched.means.tolist()),
            Line("may be", [quantity.low] * len(watched.rows), "series-quiet", dashed=True),
            Line("up to", [quantity.high] * len(watched.rows), "series-quiet", dashed=True),
        ],
        title=f"{quantity.title}{', changed' if watched.alarm else ''}",
        caption="By reviews, in the order in which they came.",
        write=lambda value: f"{value * 100:.3g}",
        low=0.0,
        high=min(max(high, 0.01), 1.0),
    )
