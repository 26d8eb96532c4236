"""The graph scores as the network does, at any length and in any company."""

import itertools
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from reviewdesk.errors import BundleError
from reviewdesk.models.neural.export import export
from reviewdesk.models.neural.graph import OnnxGraph
from reviewdesk.models.neural.modules import Network
from reviewdesk.models.neural.plan import Shape
from tests.models.neural.small import SHAPES, plan

IDS = 40
every_shape = pytest.mark.parametrize("name", SHAPES)


def new(name: str) -> tuple[Shape, Network]:
    torch.manual_seed(1)
    shape = cast(Shape, plan(name, IDS).shape)
    network = Network(shape).eval()
    with torch.no_grad():  # larger than at first, so that differences show
        for parameter in network.parameters():
            parameter.mul_(3)
    return shape, network


def some_reviews(lengths: list[int]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    ids = np.random.default_rng(0).integers(1, IDS, sum(lengths)).astype(np.int32)
    return ids, np.concatenate([[0], np.cumsum(lengths)])


def scored(network: Network, ids: NDArray[Any], pad: int = 0) -> NDArray[np.float32]:
    """Return what torch makes of one review, padded to a multiple of 16 and some more."""
    width = max(-(-len(ids) // 16) * 16, 16) + 16 * pad
    padded = torch.zeros((1, width), dtype=torch.int64)
    padded[0, : len(ids)] = torch.from_numpy(ids.astype(np.int64))
    with torch.no_grad():
        scores: NDArray[np.float32] = network(padded, torch.tensor([len(ids)]))[0].numpy()
    return scores


@every_shape
def test_it_scores_as_torch_does_at_any_length_alone_and_among_others(name: str) -> None:
    shape, network = new(name)
    graph = OnnxGraph(export(shape, network.state_dict()), shape.k)
    ids, ends = some_reviews([1, 2, 15, 16, 17, 33, 40, 0, 100, 129, 300, 7, 3, 3, 16])
    together = graph.scores(ids, ends)
    for row, (start, end) in enumerate(itertools.pairwise(ends)):
        own = ids[start:end]
        np.testing.assert_allclose(scored(network, own), together[row], atol=1e-4)
        alone = graph.scores(own, np.array([0, len(own)]))
        assert alone.tobytes() == together[row : row + 1].tobytes()
    order = np.random.default_rng(1).permutation(len(ends) - 1)
    shuffled = [ids[ends[row] : ends[row + 1]] for row in order]
    bounds = np.concatenate([[0], np.cumsum([len(one) for one in shuffled])])
    assert graph.scores(np.concatenate(shuffled), bounds).tobytes() == together[order].tobytes()


@every_shape
def test_padding_makes_no_difference(name: str) -> None:
    _, network = new(name)
    ids, _ = some_reviews([21])
    np.testing.assert_allclose(scored(network, ids), scored(network, ids, pad=3), atol=1e-5)


@every_shape
def test_exporting_again_gives_the_same_bytes_and_names_no_place(name: str) -> None:
    shape, network = new(name)
    graph = export(shape, network.state_dict())
    assert graph == export(shape, network.state_dict())
    assert b".py" not in graph
    assert str(Path.home()).encode() not in graph


def test_graphs_that_are_none_are_refused() -> None:
    shape, network = new("cnn")
    graph = export(shape, network.state_dict())
    for damaged in (b"", b"\x80\x04K\x01.", graph[: len(graph) // 2]):
        with pytest.raises(BundleError):
            OnnxGraph(damaged, 3)
    ids, ends = some_reviews([5])
    with pytest.raises(BundleError, match="labels"):
        OnnxGraph(graph, 2).scores(ids, ends)
    with pytest.raises(BundleError, match="vocabulary"):
        OnnxGraph(graph, 3).scores(ids + IDS, ends)
