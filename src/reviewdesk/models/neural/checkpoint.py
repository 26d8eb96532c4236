"""Where learning stands, in one file that is written aside: arrays of numbers, never pickle."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn, optim

from reviewdesk.models.curve import Point
from reviewdesk.models.neural.processes import Processes
from reviewdesk.storage import write_then_rename

CHECKPOINT: Final = "checkpoint.safetensors"


@dataclass
class TrainingState:
    """Where learning stands, beside the numbers of network and optimiser.

    Args:
        step: how many steps were made.
        epoch: the epoch that goes on.
        batch: how many of its batches were learnt from.
        seconds: how long learning has taken so far.
        loss: summed since the last measurement.
        rows: learnt from since then.
        best: the smallest loss, or distance of F1 to 1, on rows held out for validation.
        waited: measurements since the best one.
        curve: all measurements.
        done: whether there is nothing left to do.
    """

    step: int = 0
    epoch: int = 0
    batch: int = 0
    seconds: float = 0
    loss: float = 0
    rows: int = 0
    best: float | None = None
    waited: int = 0
    curve: list[Point] = field(default_factory=list)
    done: str = ""


@dataclass(frozen=True)
class Checkpoint:
    """The file that a run goes on from.

    Args:
        folder: where it is.
        digest: names the plan and the rows; a file of others is passed over.
        network: whose weights it holds.
        optimizer: whose moments it holds.
        processes: whose random states it holds.
    """

    folder: Path
    digest: str
    network: nn.Module
    optimizer: optim.Optimizer
    processes: Processes

    def save(self, state: TrainingState, best: dict[str, Tensor]) -> None:
        """Write everything that the next step depends on."""
        states = self.processes.gathered(torch.get_rng_state())
        if self.processes.rank:
            return
        tensors = {f"network.{name}": one for name, one in self.network.state_dict().items()}
        tensors |= {f"best.{name}": one for name, one in best.items()}
        tensors |= {f"random.{rank}": one for rank, one in enumerate(states)}
        for number, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{name}": one for name, one in moments.items()}
        whole = {name: one.detach().cpu().contiguous() for name, one in tensors.items()}
        with write_then_rename(self.folder / CHECKPOINT) as file:
            file.write(save(whole, {"of": self.digest, "state": json.dumps(asdict(state))}))

    def load(self) -> tuple[TrainingState, dict[str, Tensor]]:
        """Return where learning stood, and the best weights; a new run stands at its beginning.

        A file that is damaged or of another number of processes is passed over.
        """
        try:
            with safe_open(self.folder / CHECKPOINT, "pt") as file:
                if file.metadata().get("of") != self.digest:
                    return TrainingState(), {}
                data: dict[str, Any] = json.loads(file.metadata()["state"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (FileNotFoundError, SafetensorError):
            return TrainingState(), {}
        if f"random.{self.processes.size - 1}" not in tensors:
            return TrainingState(), {}
        self.network.load_state_dict(_own(tensors, "network."))
        torch.set_rng_state(tensors[f"random.{self.processes.rank}"])
        moments: dict[int, dict[str, Tensor]] = {}
        for name, one in _own(tensors, "optimizer.").items():
            number, _, kind = name.partition(".")
            moments.setdefault(int(number), {})[kind] = one
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": moments})
        curve = [Point(**point) for point in data.pop("curve")]
        return TrainingState(curve=curve, **data), _own(tensors, "best.")


def _own(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): one for name, one in tensors.items() if name.startswith(prefix)
    }
