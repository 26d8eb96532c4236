"""What a classifier learns from: targets, texts, splits and folds."""
