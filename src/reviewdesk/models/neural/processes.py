"""Several processes that learn together: each has a share of every batch."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

import torch
from torch import Tensor, distributed, nn

Module = TypeVar("Module", bound=nn.Module)

PATIENCE: Final = timedelta(minutes=30)


@dataclass(frozen=True)
class Processes:
    """This process among those that learn together.

    Args:
        rank: its number.
        size: how many there are.
    """

    rank: int = 0
    size: int = 1

    def summed(self, values: Tensor) -> Tensor:
        """Return values summed over all processes."""
        if self.size > 1:
            distributed.all_reduce(values)
        return values

    def sum_gradients(self, network: nn.Module) -> None:
        """Give every process the sum of all gradients, in one message."""
        if self.size == 1:
            return
        learnt = [one for one in network.parameters() if one.requires_grad]
        for parameter in learnt:  # a process whose share of a batch is empty has none
            parameter.grad = (
                torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            )
        flat = self.summed(
            torch.cat([one.grad.flatten() for one in learnt if one.grad is not None])
        )
        at = 0
        for parameter in learnt:
            parameter.grad = flat[at : at + parameter.numel()].view_as(parameter)
            at += parameter.numel()

    def alike(self, network: Module) -> Module:
        """Give every process the first one's weights."""
        with torch.no_grad():
            for one in network.parameters() if self.size > 1 else ():
                one.copy_(self.summed(one.clone() if self.rank == 0 else torch.zeros_like(one)))
        return network

    def gathered(self, values: Tensor) -> list[Tensor]:
        """Return the values of every process, by rank."""
        if self.size == 1:
            return [values]
        each = [torch.empty_like(values) for _ in range(self.size)]
        distributed.all_gather(each, values)
        return each


@contextmanager
def joined() -> Iterator[Processes]:
    """Join the processes that ``torchrun`` started beside this one."""
    os.environ.setdefault("GLOO_SOCKET_IFNAME", _loopback())
    distributed.init_process_group("gloo", timeout=PATIENCE)
    try:
        yield Processes(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]))
    finally:
        distributed.destroy_process_group()


def _loopback() -> str:
    """Return the name of the interface on which a machine talks to itself."""
    names = [name for _, name in socket.if_nameindex()]
    return next((name for name in names if name.startswith("lo")), "lo")
