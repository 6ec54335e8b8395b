"""Model cards and the stores that models live in."""
