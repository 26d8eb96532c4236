"""Which network a shape stands for."""

from torch import Tensor

from reviewdesk.models.neural.dense import DenseNetwork
from reviewdesk.models.neural.modules import Network
from reviewdesk.models.neural.plan import AnyShape, DenseShape

AnyNetwork = Network | DenseNetwork


def new_network(shape: AnyShape, first: Tensor | None = None) -> AnyNetwork:
    """Return a network that has learnt nothing.

    Args:
        shape: what it is made of.
        first: the words' first vectors, of a network that reads words.
    """
    if isinstance(shape, DenseShape):
        return DenseNetwork(shape)
    return Network(shape, first)
