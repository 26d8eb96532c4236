"""Which network a shape stands for."""

from torch import Tensor

from reviewdesk.models.neural.dense import DenseNetwork
from reviewdesk.models.neural.encoder import EncoderNetwork
from reviewdesk.models.neural.modules import Network
from reviewdesk.models.neural.plan import AnyShape, DenseShape, EncoderShape

AnyNetwork = Network | DenseNetwork | EncoderNetwork


def new_network(shape: AnyShape, first: Tensor | None = None, *, begin: bool = False) -> AnyNetwork:
    """Return a network that has learnt nothing.

    Args:
        shape: what it is made of.
        first: the words' first vectors, of a network that reads words.
        begin: whether an encoder has the weights that others have trained; else these are loaded
            later.
    """
    if isinstance(shape, EncoderShape):
        return EncoderNetwork(shape, begin=begin)
    if isinstance(shape, DenseShape):
        return DenseNetwork(shape)
    return Network(shape, first)
