"""Networks of the bench: ours, and the loop that walk-throughs of IMDb are made of."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from reviewdesk.models.catalog import CLASSIFIERS
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.text.stop_words import NEGATIONS, STOP_WORDS

Settings = dict[str, Any]
Predict = Callable[[pa.Table], Any]

WORDS: Final = 5_000
LENGTH: Final = 500
BATCH: Final = 50


def network(train: pa.Table, settings: Settings) -> Predict:
    """Ours: a family by name, with its settings."""
    given = {"threads": 1, **settings}
    family = CLASSIFIERS.load(given.pop("family"))
    labels = [str(label) for label in range(int(np.max(train["label"].to_numpy())) + 1)]
    fitted = family(**given).fit(LabelledReviews.of_batches(train.to_batches(), labels))
    return lambda test: fitted.predict_proba(test.combine_chunks().to_batches()[0])


class Walkthrough(nn.Module):
    """Embedding, LSTM, linear layer: the scores of two labels differ by the sigmoid's argument."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS + 1, 100)
        self.lstm = nn.LSTM(100, 200, batch_first=True)
        self.head = nn.Linear(200, 1)

    def forward(self, ids: Tensor) -> Tensor:
        """Return the log-odds of reviews (B, T) that are padded in front."""
        scores: Tensor = self.head(self.lstm(self.embedding(ids))[0][:, -1]).squeeze(1)
        return scores


def walkthrough(train: pa.Table, settings: Settings) -> Predict:
    """The published recipe in plain PyTorch: every review padded to 500, Adam, no validation."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(settings.get("seed", 0))
    texts = [_words(text) for text in train["review_body"].to_pylist()]
    counts = Counter(word for words in texts for word in words)
    numbers = {word: at for at, (word, _) in enumerate(counts.most_common(WORDS), start=1)}
    ids, labels = _padded(texts, numbers), torch.from_numpy(train["label"].to_numpy().copy())
    model = Walkthrough()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(settings["epochs"]):
        for rows in torch.split(torch.randperm(len(ids)), BATCH):
            optimizer.zero_grad()
            loss = nn.functional.binary_cross_entropy_with_logits(
                model(ids[rows]), labels[rows].float()
            )
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(model.parameters(), 5)
            optimizer.step()
    model.eval()

    def predict(test: pa.Table) -> NDArray[np.float32]:
        padded = _padded([_words(text) for text in test["review_body"].to_pylist()], numbers)
        with torch.no_grad():
            found = torch.cat([model(part) for part in torch.split(padded, 256)])
        return np.stack([-found.numpy(), found.numpy()], axis=1)

    return predict


def _words(text: str) -> list[str]:
    dull = STOP_WORDS - NEGATIONS
    return [word for word in re.findall(r"[a-z']+", text.lower()) if word not in dull]


def _padded(texts: list[list[str]], numbers: dict[str, int]) -> Tensor:
    ids = torch.zeros((len(texts), LENGTH), dtype=torch.int64)
    for row, words in enumerate(texts):
        known = [numbers[word] for word in words if word in numbers][:LENGTH]
        if known:
            ids[row, -len(known) :] = torch.tensor(known)
    return ids
