"""All that a run of learning must know, as one value that another process can read."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, Self

Objective = Literal["one", "ordered", "several"]
Criterion = Literal["loss", "f1"]
Body = Literal["recurrent", "convolutional", "attentive"]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a network is made of.

    Args:
        body: what reads the words' vectors.
        ids: how many ids there are.
        k: how many labels.
        objective: one label, one of ordered labels such as stars, or several.
        embedding: numbers a word.
        frozen: whether the words' vectors stay as they are.
        hidden: numbers a position, in each direction.
        layers: how many layers the body has.
        cell: of a recurrent body, ``lstm`` or ``gru``.
        both: whether it reads in both directions.
        convolution: how many words a convolution beside a recurrent body sees; 0 for none.
        convolution_at: ``before`` or ``after`` it.
        stride: of so many positions behind the convolution only the largest values go on.
        widths: of a convolutional body, how many words each of its filters sees.
        heads: of an attentive body.
        pooling: how positions become one: ``last``, or some of ``mean``, ``max``, ``attention``.
        dropout: share of numbers that are left out while it learns, before body and head.
        word_dropout: share of words that are taken for unknown ones while it learns.
    """

    body: Body
    ids: int
    k: int
    objective: Objective
    embedding: int
    frozen: bool
    hidden: int
    layers: int
    cell: str
    both: bool
    convolution: int
    convolution_at: str
    stride: int
    widths: tuple[int, ...]
    heads: int
    pooling: tuple[str, ...]
    dropout: float
    word_dropout: float


@dataclass(frozen=True, kw_only=True)
class DenseShape:
    """What a network over rows of features is made of.

    Args:
        features: how many features there are.
        k: how many labels.
        objective: one label, or one of ordered labels such as stars.
        hidden: numbers a layer.
        layers: how many layers.
        wide: whether features also speak for labels by themselves, as in a linear model.
        dropout: share of numbers that are left out while it learns, behind each layer.
        feature_dropout: share of features that are left out while it learns.
    """

    features: int
    k: int
    objective: Objective
    hidden: int
    layers: int
    wide: bool
    dropout: float
    feature_dropout: float


@dataclass(frozen=True, kw_only=True)
class EncoderShape:
    """What goes on from an encoder that others have trained.

    Args:
        config: its configuration, as JSON.
        source: the folder that holds its first weights.
        k: how many labels.
        objective: one label, or one of ordered labels such as stars.
        frozen: so many levels stay as they are: words' vectors, then layers.
        dropout: share of numbers that are left out before the last layer.
        layer_decay: how much smaller the rate is from each layer to the one below.
        int8: whether the graph holds whole numbers of 8 bits.
    """

    config: str
    source: str
    k: int
    objective: Objective
    frozen: int
    dropout: float
    layer_decay: float
    int8: bool


AnyShape = Shape | DenseShape | EncoderShape


@dataclass(frozen=True, kw_only=True)
class Course:
    """How a network learns.

    Args:
        epochs: how often each row is visited, at most.
        batch: rows a step.
        rate: the largest learning rate.
        embedding_rate: that of the words' vectors.
        decay: how much weights shrink, as in AdamW.
        clip: the largest norm of a gradient; 0 for any.
        warm_up: share of the steps in which the rate rises.
        smoothing: share of each label that is given to the others.
        patience: it stops when so many measurements in a row were no better than the best.
        validate_steps: it is measured after so many steps, and after each epoch.
        save_seconds: how often it is saved, beside at each measurement.
        seed: another seed gives other first weights and another order.
        threads: shared by all processes.
        accumulate: parts that a step's rows are learnt from in, one after the other.
        criterion: what the kept weights are best by, on rows held out for validation: loss, or F1,
            of two labels that of the second, of more the mean.
    """

    epochs: int
    batch: int
    rate: float
    embedding_rate: float
    decay: float
    clip: float
    warm_up: float
    smoothing: float
    patience: int
    validate_steps: int
    save_seconds: float
    seed: int
    threads: int
    accumulate: int = 1
    criterion: Criterion = "loss"


_SHAPES: Final[dict[str, type[AnyShape]]] = {
    "words": Shape,
    "features": DenseShape,
    "subwords": EncoderShape,
}


@dataclass(frozen=True)
class TrainingPlan:
    """A network and how it learns."""

    shape: AnyShape
    course: Course

    def dumps(self) -> str:
        """Return the plan as JSON."""
        reads = next(name for name, kind in _SHAPES.items() if isinstance(self.shape, kind))
        return json.dumps({"reads": reads, **asdict(self)}, sort_keys=True, indent=2)

    @classmethod
    def loads(cls, text: str) -> Self:
        """Return the plan of JSON."""
        data: dict[str, Any] = json.loads(text)
        shape: dict[str, Any] = data["shape"]
        lists = {name: tuple(value) for name, value in shape.items() if isinstance(value, list)}
        return cls(_SHAPES[data["reads"]](**{**shape, **lists}), Course(**data["course"]))
