"""The families as estimators of scikit-learn, which read plain lists of texts.

They stand beside the contract, so that training and scoring reviews need no scikit-learn.
"""

import inspect
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from reviewdesk.errors import UsageError
from reviewdesk.examples.examples import load_examples
from reviewdesk.models.base import LIKELY, Classifier, PartialFits
from reviewdesk.models.labelled import BODY, LabelledReviews, Texts, are_texts, labelled_texts
from reviewdesk.models.linear import classifier as linear
from reviewdesk.models.naive_bayes import NaiveBayes as NaiveBayesClassifier
from reviewdesk.models.neural import families
from reviewdesk.models.tfidf_svc import TfidfSVC as TfidfSVCClassifier
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import TargetSettings, TextSettings


class TextEstimator(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A family as an estimator; its parameters are the family's settings.

    ``classes_`` are the labels as they were given; ``classifier_`` is what was fitted.
    """

    family: ClassVar[type[Classifier]]

    def fit(
        self,
        data: PreparedData
        | Path
        | pa.RecordBatch
        | Iterable[pa.RecordBatch]
        | Texts
        | Iterator[str],
        labels: Iterable[Any] | NDArray[Any] | TargetSettings | None = None,
    ) -> Self:
        """Learn from labelled texts.

        Args:
            data: plain texts; or record batches with text columns, ``label`` and perhaps ``group``;
                or a prepared folder.
            labels: the label of each text, or its labels: a list each, or (n, k) zeros and ones.
                For record batches the k labels; for a prepared folder, what to predict.

        Raises:
            NotEnoughData: the rows have fewer than two different labels.
            MissingColumn: there is no text column that the family can read, or no ``label``.
            UsageError: there are no labels, a setting is wrong, or the family gives each text one
                label and the rows have several.
        """
        classifier = self.family(**self.get_params())
        classes, train = self._labelled(data, labels)
        self.classifier_, self.classes_ = classifier.fit(train), classes
        return self

    @available_if(lambda self: issubclass(self.family, PartialFits))  # type: ignore[untyped-decorator]
    def partial_fit(
        self,
        data: pa.RecordBatch | Iterable[pa.RecordBatch] | Texts,
        labels: Sequence[Any] | NDArray[Any] | None = None,
        classes: Sequence[Any] | NDArray[Any] | None = None,
    ) -> Self:
        """Learn on from new texts, such as those of a new month.

        Args:
            data: as in ``fit``; the labels of record batches are places among those of
                ``fit``.
            labels: as in ``fit``; not needed for record batches once it was fitted.
            classes: for plain texts at the first call, all labels where not all are among theirs.

        Raises:
            NotEnoughData: the rows have fewer than two different labels.
            InputError: a label that was not there at first, or several instead of one.
        """
        if not hasattr(self, "classifier_"):
            unfitted = self.family(**self.get_params())
            self.classes_, train = self._labelled(data, labels, classes)
            self.classifier_ = unfitted.fit(train)
            return self
        known = self.classes_ if labels is None else labels
        _, train = self._labelled(data, known, self.classes_, self.classifier_.columns_)
        self.classifier_.partial_fit(train)  # type: ignore[attr-defined]  # the family has it
        return self

    def predict_proba(self, texts: pa.RecordBatch | Texts | Iterator[str]) -> NDArray[np.float32]:
        """Return the probability of each label, (n, k) in the order of ``classes_``."""
        check_is_fitted(self)
        read = list(texts) if isinstance(texts, Iterator) else texts
        return self.classifier_.predict_proba(read)

    def predict(self, texts: pa.RecordBatch | Texts) -> NDArray[Any]:
        """Return the most probable label of each text, (n,).

        Where texts may have several, (n, k) ones at those that are more likely than not.
        """
        probabilities = self.predict_proba(texts)
        if self.classifier_.multilabel_:
            return (probabilities > LIKELY).astype(np.int64)
        labels: NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return labels

    def decision_scores(self, texts: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the score of each label, (n, k), from which its probability comes."""
        check_is_fitted(self)
        return self.classifier_.decision_scores(texts)

    def _labelled(
        self, data: Any, labels: Any, classes: Any = None, columns: Sequence[str] = (BODY,)
    ) -> tuple[NDArray[Any], LabelledReviews]:
        """Return the k labels as they were given, and labelled reviews."""
        if labels is None:
            raise UsageError(
                f"{self.family.family} cannot be fitted without labels: it requires y to be "
                "passed, but the target y is None"
            )
        if isinstance(labels, TargetSettings) != isinstance(data, Path | PreparedData):
            raise UsageError("a prepared folder is fitted on together with target settings")
        if isinstance(labels, TargetSettings):
            prepared = PreparedData.open(data) if isinstance(data, Path) else data
            examples = load_examples(prepared, labels, TextSettings())
            train = LabelledReviews.of_examples(examples, examples.labelled)
            return np.asarray(examples.labels), train
        data = list(data) if isinstance(data, Iterator) else data
        if isinstance(data, pa.RecordBatch) or not are_texts(data):
            names = np.asarray(labels)
            return names, LabelledReviews.of_batches(data, [str(name) for name in names])
        return labelled_texts(data, labels, classes, columns)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        tags.classifier_tags.multi_label = self.family.supports_multilabel
        return tags


def estimator_of(family: type[Classifier]) -> type[TextEstimator]:
    """Return a family's estimator: its parameters, with their defaults, are the family's settings.

    scikit-learn reads the parameters of an estimator from the signature of ``__init__``.
    """
    defaults = {name: default for name, default, *_ in family.settings_class.described()}

    def __init__(self: TextEstimator, **settings: Any) -> None:  # noqa: N807
        unknown = sorted(set(settings) - set(defaults))
        if unknown:
            raise TypeError(f"{family.__name__} has no parameter {unknown[0]!r}")
        for name, default in defaults.items():
            setattr(self, name, settings.get(name, default))

    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter(name, kind, default=value) for name, value in defaults.items()]
    this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    __init__.__signature__ = inspect.Signature([this, *parameters])  # type: ignore[attr-defined]
    members = {"__init__": __init__, "family": family, "__doc__": family.__doc__}
    return type(family.__name__, (TextEstimator,), members | {"__module__": __name__})


Linear: Final = estimator_of(linear.Linear)
NaiveBayes: Final = estimator_of(NaiveBayesClassifier)
TfidfSVC: Final = estimator_of(TfidfSVCClassifier)
Lstm: Final = estimator_of(families.Lstm)
Cnn: Final = estimator_of(families.Cnn)
Attention: Final = estimator_of(families.Attention)
