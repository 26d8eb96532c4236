"""The loop that every network learns by."""

import hashlib
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn, optim

from reviewdesk.models.curve import Point
from reviewdesk.models.neural.checkpoint import Checkpoint
from reviewdesk.models.neural.loss import f1, hits, losses, right
from reviewdesk.models.neural.material import Batch, Material
from reviewdesk.models.neural.networks import AnyNetwork, new_network
from reviewdesk.models.neural.plan import Course, TrainingPlan
from reviewdesk.models.neural.processes import Processes
from reviewdesk.models.running import Epoch
from reviewdesk.progress import SILENT, Progress

LEAST_RATE: Final = 0.05  # of the largest, at the end


@dataclass(frozen=True)
class TrainingWatch:
    """What a run looks at beside its rows.

    Args:
        stop: says whether somebody wants it to end now; it is saved and can go on.
        time_limit: after so many seconds it ends with the best weights so far; None for never.
        keep_stopped: whether it ends with the best weights so far when it is to stop, too; what is
            saved goes on all the same.
        after_epoch: is told of each measurement.
        progress: shows how far it has come.
    """

    stop: Callable[[], bool] = lambda: False
    time_limit: float | None = None
    keep_stopped: bool = False
    after_epoch: Callable[[Epoch], None] = lambda epoch: None
    progress: Progress = SILENT


class Learnt(NamedTuple):
    """What a run ends with; ``done`` says why it ended, and is empty when it was asked to stop."""

    weights: dict[str, Tensor]
    curve: list[Point]
    done: str


def learn(
    plan: TrainingPlan,
    material: Material,
    folder: Path,
    *,
    first: Tensor | None = None,
    watch: TrainingWatch = TrainingWatch(),
    processes: Processes = Processes(),  # noqa: B008  (frozen)
) -> Learnt:
    """Learn the weights of a network, or go on where a run of the same plan was interrupted.

    On the same number of threads and processes the weights are the same to the bit, however often
    the run was killed.

    Args:
        plan: what the network is and how it learns.
        material: the rows.
        folder: where the run keeps its checkpoint.
        first: the words' first vectors, if they are known.
        watch: whether it is to end before it is done.
        processes: those that learn together.
    """
    with _computing(max(plan.course.threads // processes.size, 1)):
        run = _Run(plan, material, folder, first, processes)
        now = run.now
        with watch.progress.task("Learning", run.steps, "steps") as task:
            task.advance(now.step)
            while not now.done:
                for batch in run.reader.epoch(now.epoch, start=now.batch):
                    stop, late = run.step(batch, watch)
                    ended = now.batch == len(run.reader)
                    if ended or late or now.step % plan.course.validate_steps == 0:
                        run.measure()
                        watch.after_epoch(run.told())
                        task.describe(_said(now.curve[-1]))
                    if ended:
                        now.epoch, now.batch = now.epoch + 1, 0
                    now.done = run.reason_to_end(late)
                    if ended or now.done or stop or run.save_is_due():
                        run.save()
                    task.advance()
                    if stop and watch.keep_stopped and not now.done:
                        return run.kept()
                    if stop or now.done:
                        return Learnt(run.best, now.curve, now.done)
    return Learnt(run.best, now.curve, now.done)


class _Run:
    """A network that learns, and where it stands."""

    def __init__(
        self,
        plan: TrainingPlan,
        material: Material,
        folder: Path,
        first: Tensor | None,
        processes: Processes,
    ) -> None:
        course = plan.course
        self.plan, self.course, self.processes = plan, course, processes
        self.material = material
        torch.manual_seed(course.seed + processes.rank)
        network = new_network(plan.shape, first, begin=True)
        with torch.no_grad():  # what it knows of a review without words: how frequent labels are
            network.head.bias.copy_(torch.from_numpy(material.first_scores()))
        self.network = processes.alike(network).to(_device())
        self.optimizer = _optimizer(self.network, course)
        digest = hashlib.sha256(f"{plan.dumps()}\n{material.digest()}".encode()).hexdigest()
        self.checkpoint = Checkpoint(folder, digest, self.network, self.optimizer, processes)
        self.now, self.best = self.checkpoint.load()
        self.reader = material.reader(course.batch, course.seed, processes)
        self.steps = len(self.reader) * course.epochs
        self._started = time.monotonic() - self.now.seconds
        self._saved = time.monotonic()

    def step(self, batch: Batch, watch: TrainingWatch) -> tuple[bool, bool]:
        """Learn from one batch; return whether it is to stop, and whether the time is over."""
        self.network.train()
        self.optimizer.zero_grad()
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate() * group["largest"]
        loss = torch.zeros(())
        for part in batch.parts(self.course.accumulate):
            scores, labels = self._scores(part)
            own = losses(scores, labels, self.plan.shape.objective, self.course.smoothing).sum()
            torch.autograd.backward(own / batch.whole)
            loss = loss + own.detach().cpu()
        self.processes.sum_gradients(self.network)
        if self.course.clip:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.course.clip)
        self.optimizer.step()

        now = self.now
        now.seconds = time.monotonic() - self._started
        late = watch.time_limit is not None and now.seconds >= watch.time_limit
        totals = torch.tensor([loss.item(), watch.stop(), late], dtype=torch.float64)
        lost, stop, over = self.processes.summed(totals).tolist()
        now.loss, now.rows = now.loss + lost, now.rows + batch.whole
        now.step, now.batch = now.step + 1, now.batch + 1
        return stop > 0, over > 0

    def measure(self) -> None:
        """Add a measurement to the curve, and keep the weights if they are the best so far."""
        self.network.eval()
        kind, rows = self.plan.shape.objective, self.material.validation_rows
        totals = torch.zeros(2, dtype=torch.float64)  # loss, right
        counts = torch.zeros((3, self.plan.shape.k), dtype=torch.float64)
        with torch.no_grad():
            for batch in self.material.validation_batches(self.course.batch, self.processes):
                if len(batch.rows):
                    scores, labels = self._scores(batch)
                    totals[0] += float(losses(scores, labels, kind).sum())
                    totals[1] += float(right(scores, labels, kind).sum())
                    counts += hits(scores, labels, kind).cpu()
        loss, accuracy = (self.processes.summed(totals) / max(rows, 1)).tolist()
        score = f1(self.processes.summed(counts)) if rows else None
        now = self.now
        now.curve.append(
            Point(
                step=now.step,
                epoch=round(now.step / len(self.reader), 4),
                rate=self._rate() * self.course.rate,
                learnt_loss=now.loss / max(now.rows, 1),
                loss=loss if rows else None,
                accuracy=accuracy if rows else None,
                f1=score,
            )
        )
        now.loss, now.rows, now.waited = 0, 0, now.waited + 1
        by_f1 = self.course.criterion == "f1" and score is not None
        miss = 1 - score if by_f1 and score is not None else loss
        if not rows or now.best is None or miss < now.best:
            now.best, now.waited, self.best = miss, 0, _weights(self.network)

    def told(self) -> Epoch:
        """Return the last measurement as others are told of it."""
        point = self.now.curve[-1]
        improved = self.now.waited == 0
        return Epoch(point.epoch, point.accuracy, improved, point.rate, point.learnt_loss)

    def kept(self) -> Learnt:
        """Return the best weights so far, or those of now; what is saved is not done with this."""
        if not self.best:
            self.measure()
        return Learnt(self.best, self.now.curve, "it was asked to stop")

    def reason_to_end(self, late: bool) -> str:
        """Return why learning ends here, in a few words; nothing when it goes on."""
        if self.now.step >= self.steps:
            return "all epochs are over"
        if self.now.waited >= self.course.patience:
            return f"{self.now.waited} measurements in a row were no better"
        return "the time limit was reached" if late else ""

    def save_is_due(self) -> bool:
        """Say whether the last checkpoint is old."""
        due = time.monotonic() - self._saved >= self.course.save_seconds
        return bool(self.processes.summed(torch.tensor([float(due)])).item())

    def save(self) -> None:
        """Write a checkpoint."""
        self.checkpoint.save(self.now, self.best)
        self._saved = time.monotonic()

    def _scores(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the scores (B, k) and the labels of rows."""
        device = self.network.head.weight.device
        inputs, labels = self.material.tensors(batch)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            scores: Tensor = self.network(*(one.to(device) for one in inputs))
        return scores.float(), labels.to(device)

    def _rate(self) -> float:
        """Return the learning rate, as a share of the largest: it rises, then falls as a cosine."""
        share, warm_up = self.now.step / self.steps, self.course.warm_up
        if share < warm_up:
            return (share + 1e-3) / (warm_up + 1e-3)
        left = 0.5 * (1 + math.cos(math.pi * (share - warm_up) / (1 - warm_up)))
        return LEAST_RATE + (1 - LEAST_RATE) * left


def _optimizer(network: AnyNetwork, course: Course) -> optim.Optimizer:
    """Return AdamW over the network's groups of weights, each with its own rate and decay."""
    groups = [
        {"params": weights, "lr": rate, "largest": rate, "weight_decay": decay}
        for weights, rate, decay in network.groups(course)
        if weights
    ]
    return optim.AdamW(groups, betas=(0.9, 0.99), fused=True)


def _weights(network: nn.Module) -> dict[str, Tensor]:
    return {name: one.detach().cpu().clone() for name, one in network.state_dict().items()}


def _said(point: Point) -> str:
    aside = "" if point.loss is None else f", held out {point.loss:.3f}, F1 {point.f1:.3f}"
    return f"Learning (loss {point.learnt_loss:.3f}{aside})"


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def _computing(threads: int) -> Iterator[None]:
    """Compute on some threads, and leave torch's own state as it was."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)  # numbers near 0 make long padding many times as slow
    try:
        with torch.random.fork_rng():
            yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)
