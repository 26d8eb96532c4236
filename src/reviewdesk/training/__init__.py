"""Examples make a bundle, with figures of how right it is and predictions to find errors with."""
