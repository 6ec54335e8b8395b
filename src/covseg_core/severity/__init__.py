"""Scores of disease, one definition each."""
