"""The first picture of a map: categories with flows from assigned to predicted, and communities.

It is drawn here once and stands in the page as it is; the page's script changes only how thick the
flows are.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.graph.map_data import MapData
from reviewdesk.graph.map_views import SIZE, Community
from reviewdesk.report.html import Child, Html, element
from reviewdesk.report.numbers import count, plural

MOST_CATEGORIES: Final = 40
MOST_FLOWS: Final = 40
"""From one category to another; those that stay are drawn all."""
WIDTH: Final = 570
LEFT: Final = (172, 182)
RIGHT: Final = (416, 426)
"""Where the bars of assigned and of predicted categories begin and end."""
TOP: Final = 26
LEAST_SLOT: Final = 17.0
BARS: Final = 330.0
"""Sum of the heights of all bars."""
NAME_CHARACTERS: Final = 19
BUBBLE_LABEL: Final = 44.0
"""Least radius of a bubble that has room for a name."""

Ints = NDArray[np.int64]


class Flow(NamedTuple):
    """Reviews that stand in one category and are predicted into one."""

    assigned: int
    predicted: int
    reviews: int


def drawn_flows(data: MapData) -> list[Flow]:
    """Return the flows of the picture, the largest last."""
    matrix = _matrix(data)
    order = set(drawn_categories(data))
    flows = [
        Flow(a, b, int(matrix[a, b]))
        for a, b in zip(*(part.tolist() for part in np.nonzero(matrix)), strict=True)
        if a in order and b in order
    ]
    moved = sorted((f for f in flows if f.assigned != f.predicted), key=lambda f: (-f.reviews, f))
    stay = [flow for flow in flows if flow.assigned == flow.predicted]
    return stay + moved[:MOST_FLOWS][::-1]


def drawn_categories(data: MapData) -> list[int]:
    """Return the largest categories, those that are taken for each other side by side."""
    matrix = _matrix(data)
    sizes = matrix.sum(axis=0) + matrix.sum(axis=1)
    if not sizes.any():
        known = data.assigned[data.assigned >= 0]
        sizes = np.bincount(known, minlength=len(data.categories))
    largest = np.argsort(-sizes, kind="stable")[:MOST_CATEGORIES].tolist()
    waiting = [category for category in largest if sizes[category]]
    order = waiting[:1]
    waiting = waiting[1:]
    both = matrix + matrix.T
    while waiting:
        nearest = max(waiting, key=lambda c: (int(both[c, order[-1]]), -waiting.index(c)))
        waiting.remove(nearest)
        order.append(nearest)
    return order


def flow_picture(data: MapData) -> Html:
    """Draw categories as they are assigned, as they are predicted, and flows between."""
    order, matrix = drawn_categories(data), _matrix(data)
    predicted = matrix.any()
    sizes = {c: int(matrix[c].sum()) for c in order}
    if not predicted:
        counts = np.bincount(data.assigned[data.assigned >= 0], minlength=len(data.categories))
        sizes = {c: int(counts[c]) for c in order}
    arrived = {c: int(matrix[:, c].sum()) for c in order}
    scale = BARS / max(sum(sizes.values()), 1)
    slots = [max(LEAST_SLOT, max(sizes[c], arrived[c]) * scale + 5) for c in order]
    ends = np.cumsum([TOP, *slots]).tolist()
    middles = {c: (ends[at] + ends[at + 1]) / 2 for at, c in enumerate(order)}
    parts: list[Child] = []
    if predicted:
        parts += _flows(data, order, middles, scale)
    for c in order:
        parts.append(_bar(data, c, middles[c], sizes[c] * scale, sizes[c], True))
        if predicted:
            parts.append(_bar(data, c, middles[c], arrived[c] * scale, arrived[c], False))
    heads = [_text(LEFT[1], 12, "end", "stands in", "head")]
    if predicted:
        heads.append(_text(RIGHT[0], 12, "start", "predicted", "head"))
    return element(
        "svg",
        *heads,
        *parts,
        viewBox=f"0 0 {WIDTH} {ends[-1] + 4:.0f}",
        class_="flows",
        role="group",
        aria_label="Categories; bands lead from where reviews stand to what is predicted",
    )


def community_picture(communities: list[Community], label: str) -> Html:
    """Draw communities as circles, by the number of products."""
    return element(
        "svg",
        *(_community(community) for community in communities),
        viewBox=f"0 0 {SIZE:.0f} {SIZE:.0f}",
        class_="disc",
        role="group",
        aria_label=label,
    )


def _matrix(data: MapData) -> Ints:
    """Return how many reviews stand in a category (row) and are predicted into one (column)."""
    matrix = np.zeros((len(data.categories),) * 2, np.int64)
    ends = tuple(data.flows[name].to_numpy() for name in ("assigned", "predicted"))
    np.add.at(matrix, ends, data.flows["reviews"].to_numpy())
    return matrix


def _flows(data: MapData, order: list[int], middles: dict[int, float], scale: float) -> list[Child]:
    """Draw the flows; those of one category leave and arrive in the order of its others."""
    matrix, rank = _matrix(data), {c: at for at, c in enumerate(order)}
    bands = []
    for assigned, predicted, reviews in drawn_flows(data):
        before = sum(int(matrix[assigned, c]) for c in order[: rank[predicted]])
        above = sum(int(matrix[c, predicted]) for c in order[: rank[assigned]])
        start = middles[assigned] + (before + reviews / 2 - matrix[assigned].sum() / 2) * scale
        end = middles[predicted] + (above + reviews / 2 - matrix[:, predicted].sum() / 2) * scale
        names = data.categories[assigned], data.categories[predicted]
        words = f"{names[0]} → {names[1]}: {plural(reviews, 'review', 'reviews')}"
        half = (LEFT[1] + RIGHT[0]) / 2
        bands.append(
            element(
                "path",
                element("title", words),
                d=f"M{LEFT[1]} {start:.1f}C{half:.0f} {start:.1f} {half:.0f} {end:.1f} "
                f"{RIGHT[0]} {end:.1f}",
                class_="flow same" if assigned == predicted else "flow other",
                stroke_width=f"{max(reviews * scale, 0.7):.2f}",
                data_assigned=assigned,
                data_predicted=predicted,
                data_scale=f"{scale:.6g}",
            )
        )
    return list(bands)


def _bar(
    data: MapData, category: int, middle: float, height: float, reviews: int, assigned: bool
) -> Html:
    """Draw a category at one side, with its name and how many products there are listed."""
    begin, end = LEFT if assigned else RIGHT
    listed = _listed(data, category) if assigned else 0
    height = max(height, 1.5)
    mark = element("tspan", f"● {count(listed)}  ", class_="mark") if listed else ""
    x, anchor = (begin - 7, "end") if assigned else (end + 7, "start")
    return element(
        "g",
        element("title", "\n".join(_lines(data, category, reviews, listed, assigned))),
        element(
            "rect",
            x=0 if assigned else begin,
            y=f"{middle - LEAST_SLOT / 2:.1f}",
            width=end if assigned else WIDTH - begin,
            height=f"{LEAST_SLOT:.0f}",
            class_="reach",
        ),
        element(
            "rect",
            x=begin,
            y=f"{middle - height / 2:.1f}",
            width=end - begin,
            height=f"{height:.1f}",
        ),
        element(
            "text",
            mark,
            _cut(data.categories[category], NAME_CHARACTERS),
            x=x,
            y=f"{middle:.1f}",
            dy=".35em",
            text_anchor=anchor,
        ),
        class_="category",
        data_view=f"c{category}",
        data_category=category,
    )


def _listed(data: MapData, category: int) -> int:
    """Return how many products are listed as standing wrongly in a category."""
    here = data.products["category"].to_numpy() == category
    return int((here & (data.products["rank"].to_numpy() == 0)).sum())


def _lines(
    data: MapData, category: int, reviews: int, listed: int, assigned: bool
) -> Iterator[str]:
    yield data.categories[category]
    if not len(data.flows):
        yield f"{plural(reviews, 'product stands', 'products stand')} here"
    elif assigned:
        yield f"{plural(reviews, 'review stands', 'reviews stand')} here"
    else:
        yield f"{plural(reviews, 'review is', 'reviews are')} predicted here"
    if listed:
        yield f"{plural(listed, 'product is', 'products are')} listed as standing here wrongly"


def _community(community: Community) -> Html:
    x, y, r = (f"{v:.1f}" for v in community.circle)
    label: list[Child] = []
    if community.circle.r >= BUBBLE_LABEL:
        name, at = _cut(community.category, int(community.circle.r / 6.6)), {"x": x, "y": y}
        label = [
            element("text", name, **at, dy="-.1em", text_anchor="middle"),
            element(
                "text", community.share, **at, dy="1.15em", text_anchor="middle", class_="part"
            ),
        ]
    return element(
        "g",
        element("title", f"{community.title}\n{plural(community.products, 'product', 'products')}"),
        element("circle", cx=x, cy=y, r=r),
        *label,
        class_="community",
        data_view=community.view,
    )


def _cut(name: str, most: int) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def _text(x: float, y: float, anchor: str, text: str, kind: str) -> Html:
    return element("text", text, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, class_=kind)
