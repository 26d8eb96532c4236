"""The families of networks; they differ in what reads the words' vectors."""

from typing import ClassVar

from reviewdesk.models.neural.settings import AttentionSettings, CnnSettings, LstmSettings
from reviewdesk.models.neural.word_classifier import WordClassifier
from reviewdesk.settings import Settings


class Lstm(WordClassifier):
    """LSTM or GRU cells over the words; ``preset=classic`` is the recipe of many walk-throughs."""

    family: ClassVar[str] = "lstm"
    settings_class: ClassVar[type[Settings]] = LstmSettings
    settings: LstmSettings


class Cnn(WordClassifier):
    """Filters over neighbouring words."""

    family: ClassVar[str] = "cnn"
    settings_class: ClassVar[type[Settings]] = CnnSettings
    settings: CnnSettings


class Attention(WordClassifier):
    """A small transformer that learns from nothing but the reviews."""

    family: ClassVar[str] = "attention"
    settings_class: ClassVar[type[Settings]] = AttentionSettings
    settings: AttentionSettings
