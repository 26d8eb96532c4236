"""The views of a map: which products and communities stand in each, and where.

A view is a disc of clusters, one for each community; in a cluster are its products, and for those
that find no place a bubble that leads on to them. Radii go by the root of the number of reviews.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.graph.map_data import MapData
from reviewdesk.graph.packing import Circle, enclosing, pack
from reviewdesk.report.numbers import plural

LETTER: Final = {"words": "w", "customers": "s"}
"""What the names of communities' views begin with; those of categories begin with c."""
MOST_NODES: Final = 300
"""Products and bubbles in one view."""
MOST_BUBBLES: Final = 40
MOST_COMMUNITIES: Final = 24
SIZE: Final = 600.0
"""Width and height of a view."""
EDGE: Final = 6.0
GAP: Final = 1.5
CLUSTER_GAP: Final = 5.0
LEAST_CLUSTER: Final = 3
"""Communities with fewer products in a view stand together."""

Ints = NDArray[np.int64]


class Community(NamedTuple):
    """A community as a circle of the first picture.

    Args:
        view: the view that it leads to.
        title: what it is.
        category: the one that most of its products stand in.
        share: the share of these.
        products: how many it has.
        circle: where it is drawn.
    """

    view: str
    title: str
    category: str
    share: str
    products: int
    circle: Circle


@dataclass(frozen=True)
class Bubble:
    """Products drawn as one circle.

    Args:
        view: the view that it leads to.
        title: what it is.
        products: how many.
        reviews: how many they have.
        cluster: the community that it stands with.
        label: what is written on it.
    """

    view: str
    title: str
    products: int
    reviews: int
    cluster: int
    label: str


def map_views(data: MapData) -> tuple[dict[str, Any], dict[str, list[Community]]]:
    """Return all views by their names, and the communities of the first view by kind.

    Args:
        data: what the map shows.
    """
    views: dict[str, Any] = {}
    category = data.products["category"].to_numpy()
    for number, name in enumerate(data.categories):
        members = np.flatnonzero(category == number).tolist()
        if members:
            left = int((data.assigned == number).sum()) - len(members)
            _category_views(data, views, f"c{number}", name, name, members, left)
    overview = {kind: _communities(data, views, kind) for kind in data.communities}
    return views, overview


def _category_views(
    data: MapData,
    views: dict[str, Any],
    key: str,
    category: str,
    title: str,
    members: list[int],
    left: int,
) -> None:
    """Add the view of products, and the views that its bubbles lead to."""
    community = _community_of(data, members)
    if len(members) <= MOST_NODES:
        views[key] = _view(data, title, members, community, [], left)
        return
    shown = members[: MOST_NODES - MOST_BUBBLES]
    rest: dict[int, list[int]] = {}
    for member in members[len(shown) :]:
        rest.setdefault(community[member], []).append(member)
    large = [c for c in rest if c >= 0 and len(rest[c]) >= LEAST_CLUSTER]
    largest = sorted(large, key=lambda c: (-len(rest[c]), c))[: MOST_BUBBLES - 1]
    parts = {c: rest[c] for c in largest}
    others = [m for m in members[len(shown) :] if community[m] not in parts]
    if others:
        parts[-1] = others
    bubbles = []
    for at, (cluster, products) in enumerate(parts.items()):
        named = f"{category}: {plural(len(products), 'further product', 'further products')}"
        _category_views(data, views, f"{key}.{at}", category, named, products, 0)
        bubbles.append(_bubble(data, f"{key}.{at}", named, products, cluster))
    views[key] = _view(data, title, shown, community, bubbles, left)


def _community_of(data: MapData, members: Sequence[int]) -> dict[int, int]:
    """Return the community of products: by words where these are known, else by customers."""
    kind = next(iter(data.communities), None)
    if kind is None:
        return dict.fromkeys(members, -1)
    ids = data.products["id"].to_numpy()[list(members)]
    return dict(zip(members, data.communities[kind][ids].tolist(), strict=True))


def _communities(data: MapData, views: dict[str, Any], kind: str) -> list[Community]:
    """Add the views of the largest communities and return them as circles of the first view."""
    community = data.communities[kind][data.products["id"].to_numpy()]
    category = data.products["category"].to_numpy()
    sizes = np.bincount(community[community >= 0])
    largest = [c for c in np.argsort(-sizes, kind="stable").tolist() if sizes[c] >= LEAST_CLUSTER]
    largest = largest[:MOST_COMMUNITIES]
    circles = _fitted(pack([math.sqrt(sizes[c]) + GAP for c in largest]))
    communities = []
    for number, circle in zip(largest, circles, strict=True):
        members = np.flatnonzero(community == number).tolist()
        counts = np.bincount(category[members], minlength=len(data.categories))
        name, share = data.categories[int(counts.argmax())], f"{counts.max() / counts.sum():.0%}"
        view, title = f"{LETTER[kind]}{number}", f"Community {number + 1}, {share} {name}"
        _community_view(data, views, view, title, members)
        communities.append(Community(view, title, name, share, len(members), circle))
    return communities


def _community_view(
    data: MapData, views: dict[str, Any], key: str, title: str, members: list[int]
) -> None:
    """Add the view of a community: clusters are categories, whose own views hold what is left."""
    category = data.products["category"].to_numpy()
    cluster = {m: int(category[m]) for m in members}
    most = MOST_NODES if len(members) <= MOST_NODES else MOST_NODES - MOST_BUBBLES
    rest: dict[int, list[int]] = {}
    for member in members[most:]:
        rest.setdefault(cluster[member], []).append(member)
    bubbles = []
    for c in sorted(rest, key=lambda c: (-len(rest[c]), c))[:MOST_BUBBLES]:
        further = plural(len(rest[c]), "further product", "further products")
        bubbles.append(_bubble(data, f"c{c}", f"{further}, in {data.categories[c]}", rest[c], c))
    left = sum(map(len, rest.values())) - sum(bubble.products for bubble in bubbles)
    views[key] = _view(data, title, members[:most], cluster, bubbles, left)


def _bubble(data: MapData, view: str, title: str, products: list[int], cluster: int) -> Bubble:
    reviews = int(data.products["reviews"].to_numpy()[products].sum())
    return Bubble(view, title, len(products), reviews, cluster, f"+{len(products)}")


def _view(
    data: MapData,
    title: str,
    shown: list[int],
    cluster_of: dict[int, int],
    bubbles: list[Bubble],
    left: int,
) -> dict[str, Any]:
    """Lay out one view.

    Returns:
        ``nodes``: number of the product, x, y and radius, one after the other; ``bubbles`` the
        same with their words; ``clusters``: circles around communities; ``left``: products that
        the map does not hold.
    """
    reviews = data.products["reviews"].to_numpy()
    clusters = _clusters(shown, cluster_of, bubbles)
    packed = [pack([_radius(node, reviews) + GAP for node in cluster]) for cluster in clusters]
    around = [enclosing(circles) for circles in packed]
    placed = pack([circle.r + CLUSTER_GAP for circle in around])
    rims = [Circle(to.x, to.y, to.r - CLUSTER_GAP / 2) for to in placed]
    within = [
        Circle(to.x + c.x - middle.x, to.y + c.y - middle.y, c.r - GAP)
        for cluster, middle, to in zip(packed, around, placed, strict=True)
        for c in cluster
    ]
    circles = [[round(v * 10) for v in circle] for circle in _fitted([*rims, *within])]
    nodes: list[int] = []
    written: list[list[Any]] = []
    for node, circle in zip(chain.from_iterable(clusters), circles[len(rims) :], strict=True):
        if isinstance(node, Bubble):
            words = [node.view, node.title, node.label, node.products, node.reviews]
            written.append([*words, *circle])
        else:
            nodes += [node, *circle]
    return {
        "title": title,
        "nodes": nodes,
        "bubbles": written,
        "clusters": circles[: len(rims)],
        "left": left,
    }


def _clusters(
    shown: list[int], cluster_of: dict[int, int], bubbles: list[Bubble]
) -> list[list[int | Bubble]]:
    """Return what stands together, the largest first and what stands alone last."""
    clusters: dict[int, list[int | Bubble]] = {}
    for product in shown:
        clusters.setdefault(cluster_of[product], []).append(product)
    for c in [c for c in clusters if len(clusters[c]) < LEAST_CLUSTER and c >= 0]:
        clusters.setdefault(-1, []).extend(clusters.pop(c))
    for bubble in bubbles:
        clusters.setdefault(bubble.cluster, []).append(bubble)
    return [clusters[c] for c in sorted(clusters, key=lambda c: (c < 0, -len(clusters[c]), c))]


def _radius(node: int | Bubble, reviews: Ints) -> float:
    number = node.reviews / 2 if isinstance(node, Bubble) else int(reviews[node])
    return min(4.0 + math.sqrt(number), 40.0)


def _fitted(circles: Sequence[Circle]) -> list[Circle]:
    """Move and scale circles so that they fill a view."""
    if not circles:
        return []
    around = enclosing(circles)
    scale = min((SIZE / 2 - EDGE) / around.r, 4.0)
    return [
        Circle(
            SIZE / 2 + (c.x - around.x) * scale, SIZE / 2 + (c.y - around.y) * scale, c.r * scale
        )
        for c in circles
    ]
