"""From cases to a better model: train, compare on held-out patients, promote."""
