"""``blend``: several classifiers that answer together."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.errors import BundleError, InputError, NotEnoughData, UsageError
from reviewdesk.formats.weights import load_weights, save_weights
from reviewdesk.models.base import Classifier, Explanation, KnowsWords
from reviewdesk.models.blend.explain import blended_explanation
from reviewdesk.models.blend.folds import FoldRows, chosen, selectable
from reviewdesk.models.blend.settings import FAMILY, BlendSettings
from reviewdesk.models.blend.stack import Stack, log_probabilities, sure_enough
from reviewdesk.models.blend.windows import averaged, in_windows
from reviewdesk.models.catalog import CLASSIFIERS
from reviewdesk.models.labelled import BODY, LabelledReviews, Texts
from reviewdesk.settings import Settings
from reviewdesk.storage import private_directory, read_json, write_json

SETTINGS_FILE: Final = "classifier.json"
WEIGHTS_FILE: Final = "weights.npz"
MEMBER: Final = "member-{}"


class Blend(Classifier):
    """Classifiers of other families whose probabilities are multiplied, each to a power.

    The powers are learnt on reviews that the members had not seen, dealt out by product; then the
    members learn from all reviews. In a cascade the first member answers alone where it is sure.
    """

    family: ClassVar[str] = FAMILY
    columns: ClassVar[tuple[str, ...]] = ("review_headline", "review_body", "product_title")
    settings_class: ClassVar[type[Settings]] = BlendSettings
    settings: BlendSettings

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._unfitted()  # so that the members' settings are checked too

    def _fit(self, train: LabelledReviews, validation: LabelledReviews | None) -> None:
        train = train.through(lambda batches: map(selectable, batches))
        rows = FoldRows.of(train, self.columns_)
        self.label_rows_ = np.bincount(rows.labels, minlength=len(self.labels_)).astype(np.float64)
        self._settle(*self._weighed(train, rows))
        self.members_ = [member.fit(train) for member in self._unfitted()]

    @classmethod
    def of_members(
        cls,
        settings: BlendSettings,
        members: Sequence[Classifier],
        stack: Stack,
        label_rows: NDArray[Any],
    ) -> Self:
        """Return a blend of classifiers that were fitted already, on the same reviews.

        Args:
            settings: they name the members and have weights.
            members: fitted, in the settings' order.
            stack: how much each counts.
            label_rows: (k,) how many reviews of each label were learnt from.
        """
        blend = cls(**settings.to_json())
        read = {name for member in members for name in member.columns_}
        blend.columns_ = tuple(name for name in cls.columns if name in read)
        blend.labels_ = list(members[0].labels_)
        blend.members_, blend.label_rows_ = list(members), label_rows.astype(np.float64)
        blend._settle(stack, settings.sure or np.inf)
        return blend

    def _unfitted(self) -> list[Classifier]:
        return [_family(name)(**settings) for name, settings in self.settings.parsed()]

    def _settle(self, stack: Stack, sure: float) -> None:
        self.stack_, self.sure_ = stack, sure if self.settings.cascade else np.inf

    def _weighed(self, train: LabelledReviews, rows: FoldRows) -> tuple[Stack, float]:
        """Return the weights, as they are given or learnt, and from when on one member is sure."""
        members, k = len(self.settings.members), len(self.labels_)
        if self.settings.weights:
            return given_stack(self.settings, k), self.settings.sure or np.inf
        try:
            logs = self._out_of_fold(train, rows)
        except NotEnoughData:  # a fold leaves one label only
            return Stack.equal(members, k), self.settings.sure or np.inf
        stack = Stack.fit(logs, rows.labels)
        sure = self.settings.sure or sure_enough(logs[0], stack(logs), rows.labels)
        return stack, sure

    def _out_of_fold(self, train: LabelledReviews, rows: FoldRows) -> list[NDArray[np.float32]]:
        """Return each member's log-probabilities of rows that it had not seen, (n, k) each."""
        folds = rows.folds(self.settings.folds, self.settings.seed)
        shape = len(rows.labels), len(self.labels_)
        logs = [np.zeros(shape, np.float32) for _ in self.settings.members]
        for fold in np.unique(folds).tolist():
            inside = folds == fold
            learnt = chosen(train, rows.learnt(folds, fold))
            for own, member in zip(logs, self._unfitted(), strict=True):
                member.fit(learnt)
                asked = chosen(train, inside).batches()
                own[inside] = np.concatenate([self._logs(member, batch) for batch in asked])
        return logs

    def _logs(self, member: Classifier, reviews: pa.RecordBatch) -> NDArray[np.float32]:
        """Return a member's log-probabilities of reviews, (n, k)."""
        if not self.settings.windows or BODY not in reviews.schema.names:
            return log_probabilities(member.predict_proba(reviews))
        cut, begins = in_windows(reviews, self.settings.windows)
        return averaged(log_probabilities(member.predict_proba(cut)), begins)

    def decision_scores(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the logarithm of each label's probability, (n, k); see the contract."""
        reviews = selectable(self.reviews(batch))
        with np.errstate(divide="ignore"):
            shares = np.log(self.label_rows_ / self.label_rows_.sum())
        scores = np.empty((len(reviews), len(self.labels_)))
        asked = np.ones(len(reviews), np.bool_)
        if self.settings.cascade:
            fast = self._logs(self.members_[0], reviews)
            asked = fast.max(axis=1, initial=-np.inf) < np.log(self.sure_)
            scores[~asked] = fast[~asked]
        if asked.any():
            scores[asked] = self._whole(reviews.filter(pa.array(asked)))
        scores[self.known_words(reviews) == 0] = np.maximum(shares, ABSENT)
        return scores.astype(np.float32)

    def _whole(self, reviews: pa.RecordBatch) -> NDArray[np.float64]:
        """Return the log-probabilities of all members together, (n, k)."""
        pairs = zip(self.stack_.weights, self.members_, strict=True)
        return self.stack_([self._logs(one, reviews) if weight else None for weight, one in pairs])

    def _probabilities(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        odds = np.exp(scores.astype(np.float64)) * (self.label_rows_ > 0)
        probabilities: NDArray[np.float32] = (odds / odds.sum(axis=1, keepdims=True)).astype(
            np.float32
        )
        return probabilities

    def known_words(self, batch: pa.RecordBatch | Texts) -> NDArray[np.int64]:
        """Return how many different words of each text a member knows, (n,).

        Members that do not say are left out; where none says, every word counts as known.
        """
        reviews = self.reviews(batch)
        knowing = [one for one in self.members_ if isinstance(one, KnowsWords)]
        if not knowing:
            return _words(reviews)
        known = np.stack([one.known_words(reviews) for one in knowing])
        return np.asarray(known.max(axis=0), np.int64)

    def explain(self, texts: Mapping[str, str | None]) -> Explanation:
        """Return what each word of one review adds; see the contract.

        A member's words count by the member's weight, and by how its probabilities follow its
        scores at this review.
        """
        columns = [pa.array([texts.get(name)], pa.large_string()) for name in self.columns_]
        review = pa.record_batch(columns, names=list(self.columns_))
        weights, members = self.stack_.weights, self.members_
        if self.settings.cascade and self._logs(members[0], review).max() >= np.log(self.sure_):
            weights, members = np.ones(1), members[:1]
        scores = self.decision_scores(review)[0].astype(np.float64)
        return blended_explanation(members, weights, review, scores, self.label_rows_ > 0)

    def save(self, directory: Path) -> None:
        """Write settings, weights, and each member into a folder of its own."""
        saved = {
            "family": self.family,
            "settings": self.settings.to_json(),
            "columns": list(self.columns_),
            "labels": self.labels_,
        }
        write_json(directory / SETTINGS_FILE, saved)
        arrays = {"label_rows": self.label_rows_, "sure": np.array([self.sure_])}
        save_weights(directory / WEIGHTS_FILE, arrays | self.stack_.to_arrays())
        for number, member in enumerate(self.members_, start=1):
            member.save(private_directory(directory / MEMBER.format(number)))

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Return the blend that was saved in a directory; see the contract."""
        saved = _read_saved(directory / SETTINGS_FILE)
        try:
            blend = cls(**saved["settings"])
        except (TypeError, UsageError) as error:
            raise BundleError(f"{SETTINGS_FILE} holds settings that {cls.family} lacks") from error
        blend.columns_, blend.labels_ = tuple(saved["columns"]), saved["labels"]
        arrays, k = load_weights(directory / WEIGHTS_FILE), len(blend.labels_)
        rows, sure = arrays.get("label_rows"), arrays.get("sure")
        if rows is None or rows.shape != (k,) or not (rows >= 0).all() or not rows.any():
            raise BundleError("the blend lacks how many reviews its labels had")
        if sure is None or sure.shape != (1,) or not sure[0] > 0:
            raise BundleError("the blend lacks when its first member is sure")
        blend.label_rows_, blend.sure_ = rows, float(sure[0])
        members = blend.settings.parsed()
        blend.stack_ = Stack.from_arrays(arrays, len(members), k)
        blend.members_ = [
            _family(name).load(directory / MEMBER.format(number))
            for number, (name, _) in enumerate(members, start=1)
        ]
        for member in blend.members_:
            if member.labels_ != blend.labels_ or not set(member.columns_) <= set(blend.columns_):
                raise BundleError("a member of the blend has other labels or columns")
        return blend


ABSENT: Final = -100.0
"""The score of a label that no review had."""


def given_stack(settings: BlendSettings, k: int) -> Stack:
    """Return the weights that settings give.

    Raises:
        UsageError: there are not as many shifts as labels.
    """
    if settings.shifts and len(settings.shifts) != k:
        raise UsageError(f"setting shifts has a number for each of the {k} labels, or none at all")
    shifts = np.array(settings.shifts or np.zeros(k), np.float64)
    weights = np.array(settings.weights, np.float64)
    return Stack(weights, shifts, np.ones(len(weights)))


def _family(name: str) -> type[Classifier]:
    family = CLASSIFIERS.load(name)
    if not issubclass(family, Classifier):
        raise UsageError(f"the model {name!r} is not a classifier")
    return family


def _words(reviews: pa.RecordBatch) -> NDArray[np.int64]:
    """Return how many words each review has, (n,)."""
    words = np.zeros(len(reviews), np.int64)
    for column in reviews.columns:
        texts = pc.utf8_trim_whitespace(pc.fill_null(pc.cast(column, pa.large_string()), ""))
        counts = pc.list_value_length(pc.utf8_split_whitespace(texts)).to_numpy()
        words += np.where(pc.equal(texts, "").to_numpy(zero_copy_only=False), 0, counts)
    return words


def _read_saved(path: Path) -> dict[str, Any]:
    try:
        saved = read_json(path)
    except (InputError, RecursionError) as error:
        raise BundleError(f"{path.name} is not JSON") from error
    try:
        fits = (
            isinstance(saved["settings"], dict)
            and 0 < len(saved["columns"]) == len(set(saved["columns"]) & set(Blend.columns))
            and len(saved["labels"]) > 1
            and all(isinstance(label, str) for label in saved["labels"])
        )
    except (KeyError, TypeError):
        fits = False
    if not fits:
        raise BundleError(f"{path.name} does not hold what {FAMILY} writes")
    return dict(saved)
