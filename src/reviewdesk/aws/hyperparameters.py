"""Hyper-parameters, which SageMaker passes as texts, as settings of the steps of a training job."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from reviewdesk.errors import UsageError
from reviewdesk.models.base import Classifier
from reviewdesk.models.catalog import CLASSIFIERS
from reviewdesk.models.vectors.classifier import ALIASES
from reviewdesk.models.vectors.word_learning import WordVectorSettings
from reviewdesk.settings import (
    CleanSettings,
    PrepareSettings,
    Settings,
    SourceSettings,
    SplitSettings,
    TargetSettings,
    TextSettings,
)

S = TypeVar("S", bound=Settings)

RESERVED: Final = frozenset(
    {
        *("sagemaker_program", "sagemaker_submit_directory", "sagemaker_enable_cloudwatch_metrics"),
        *("sagemaker_region", "sagemaker_container_log_level", "sagemaker_job_name"),
        *("default_user_module_name", "_tuning_objective_metric", "sagemaker_s3_output"),
    }
)
"""What the platform passes beside the user's own."""

STEPS: Final = (
    *(SourceSettings, CleanSettings, PrepareSettings),
    *(TargetSettings, TextSettings, SplitSettings),
)
SHARED: Final = frozenset({"seed"})
"""Settings of a step that families have too: both get the value."""

SUPERVISED: Final = "supervised"
WORD_VECTOR_MODES: Final = ("skipgram", "cbow", "batch_skipgram")
DEFAULT_MODEL: Final = "linear"
NAMES_OF_THE_MODEL: Final = ("model", "family")

BLAZINGTEXT: Final[Mapping[str, Any]] = {
    **{"epoch": 5, "lr": 0.05, "min_count": 5, "dim": 100, "word_ngrams": 2, "bucket": 2_000_000},
    "binary": True,
}
"""What BlazingText's own hyper-parameters are by default, under the names that they have here."""

BLAZINGTEXT_STEPS: Final[Mapping[str, Any]] = {
    **{"html": False, "duplicates": "keep", "max_chars": 0, "min_reviews": 1, "test_share": 0.0},
    "several_labels": "all",
}
"""As BlazingText takes its lines: every one of them, as it is."""

WORD_ALIASES: Final = {**ALIASES, "window_size": "window", "sampling_threshold": "sampling"}
SUBWORDS: Final = {"minn": 3, "maxn": 6}

NOT_OURS: Final = frozenset({"batch_size", "evaluation", "window_size"})
"""BlazingText's hyper-parameters without a counterpart: how its work is cut, WS-353, and the one of
words' vectors that jobs with labels set all the same."""


@dataclass(frozen=True)
class TrainingSettings:
    """What the hyper-parameters of a training job say.

    Args:
        model: the family of classifiers.
        model_settings: the family's own settings.
        source: how the channels' files are read.
        clean: how text is cleaned.
        prepare: how reviews are filtered.
        target: what is predicted.
        text: which text is read.
        split: what is held out.
        given: names of all hyper-parameters that were given, as they are called here.
        refit: whether it learns anew from all reviews once it was measured.
        attributes: what an augmented manifest streams of each line; empty: its records tell.
        mode: BlazingText's mode; empty where it is not asked for.
        time_limit: learning ends after so many seconds.
        processes: how many processes a network learns in.
    """

    model: str
    model_settings: Mapping[str, Any]
    source: SourceSettings
    clean: CleanSettings
    prepare: PrepareSettings
    target: TargetSettings
    text: TextSettings
    split: SplitSettings
    given: frozenset[str]
    refit: bool = True
    attributes: tuple[str, ...] = ()
    mode: str = ""
    time_limit: float | None = None
    processes: int = 1


def decoded(text: str) -> Any:
    """Return a value from its text, as the training toolkit does: JSON, or else the text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def user_hyperparameters(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of the user's own hyper-parameters, without the platform's."""
    return {name: decoded(text) for name, text in texts.items() if name not in RESERVED}


def training_settings(texts: Mapping[str, str]) -> TrainingSettings:
    """Return what hyper-parameters say.

    ``model`` (or ``family``) names the family; BlazingText's ``mode=supervised`` is ``fasttext``
    with BlazingText's defaults, and its other modes learn vectors of words. Every setting of the
    steps and of the family can be given by its name, and BlazingText's names are known.

    Raises:
        UsageError: a name is unknown, or a value is not allowed.
    """
    left = {name: text for name, text in texts.items() if name not in RESERVED}
    mode, model = _mode_and_model(left)
    own = {name: _value(left.pop(name), hint, name) for name, hint in _OWN.items() if name in left}
    given = frozenset(left)
    defaults: Mapping[str, Any] = BLAZINGTEXT_STEPS if mode else {}
    of_steps = {name for settings in STEPS for name in _names(settings)} - SHARED
    rest = {name: text for name, text in left.items() if name not in of_steps}
    return TrainingSettings(
        model=model,
        model_settings=_model_settings(mode, model, rest),
        source=_step(SourceSettings, left, defaults),
        clean=_step(CleanSettings, left, defaults),
        prepare=_step(PrepareSettings, left, defaults),
        target=_step(TargetSettings, left, defaults),
        text=_step(TextSettings, left, defaults),
        split=_step(SplitSettings, left, defaults),
        given=given,
        mode=mode,
        **own,
    )


def _mode_and_model(left: dict[str, str]) -> tuple[str, str]:
    """Take BlazingText's mode and the family's name out of the hyper-parameters."""
    mode = _text(left.pop("mode", ""))
    if mode not in ("", SUPERVISED, *WORD_VECTOR_MODES):
        modes = ", ".join((SUPERVISED, *WORD_VECTOR_MODES))
        raise UsageError(f"the hyper-parameter mode is {mode!r}; it may be: {modes}")
    named = {_text(left.pop(name)) for name in NAMES_OF_THE_MODEL if name in left}
    model = min(named, default="fasttext" if mode else DEFAULT_MODEL)
    if len(named) > 1 or (mode and model != "fasttext"):
        raise UsageError("give one of the hyper-parameters model, family and mode")
    return mode, model


def _model_settings(mode: str, model: str, left: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of the family, or of vectors of words, from what no step has taken."""
    aliases: Mapping[str, str] = WORD_ALIASES
    if mode in WORD_VECTOR_MODES:
        settings: type[Settings] = WordVectorSettings
        subwords = _value(left.get("subwords", "False"), bool, "subwords")
        defaults: Mapping[str, Any] = {"mode": mode, **(SUBWORDS if subwords else {})}
        left = {name: text for name, text in left.items() if name != "subwords"}
    else:
        family = CLASSIFIERS.load(model)
        if not issubclass(family, Classifier):
            raise UsageError(f"the model {model!r} is not a classifier")
        settings, aliases = family.settings_class, family.aliases
        defaults = BLAZINGTEXT if mode else {}
    hints = get_type_hints(settings)
    given: dict[str, Any] = {}
    for name, text in left.items():
        own = aliases.get(name, name)
        if mode and own in NOT_OURS:
            continue
        if own not in hints:
            known = sorted({*hints, *aliases, *(one for step in STEPS for one in _names(step))})
            raise UsageError(
                f"there is no hyper-parameter {name!r} for {model}; there are: {', '.join(known)}"
            )
        if own in given:
            raise UsageError(f"the hyper-parameter {own} is given twice, once as {name}")
        given[own] = _value(text, hints[own], name)
    return {**defaults, **given}


def _step(settings: type[S], left: Mapping[str, str], defaults: Mapping[str, Any]) -> S:
    """Return the settings of one step."""
    hints = get_type_hints(settings)
    values = {name: value for name, value in defaults.items() if name in hints}
    values |= {name: _value(left[name], hints[name], name) for name in hints if name in left}
    return settings.from_json(values)


def _names(settings: type[Settings]) -> list[str]:
    return [name for name, *_ in settings.described()]


def _text(text: str) -> str:
    """Return a text that may have been written as JSON, as SageMaker's SDK does."""
    value = decoded(text)
    return value if isinstance(value, str) else text


def _value(text: str, hint: Any, name: str) -> Any:
    """Return the value of a hyper-parameter.

    Args:
        text: as it was passed.
        hint: the type that it has.
        name: what it is called, for the message.

    Raises:
        UsageError: it is of another type.
    """
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if str in kinds:
        return _text(text)
    if bool in kinds and text in ("True", "False"):  # as BlazingText has them
        return text == "True"
    value = decoded(text)
    if any(get_origin(kind) is tuple for kind in kinds):
        words = value if isinstance(value, list) else _text(text).split(",")
        return [word.strip() if isinstance(word, str) else word for word in words if word != ""]
    if isinstance(value, str):
        raise UsageError(f"the hyper-parameter {name} is {text!r}, which is no value for it")
    return value


_OWN: Final[Mapping[str, Any]] = {
    "refit": bool,
    "attributes": tuple[str, ...],
    "time_limit": float,
    "processes": int,
}
"""Hyper-parameters of the job itself."""
