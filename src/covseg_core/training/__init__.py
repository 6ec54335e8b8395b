"""Make a model better; needs torch, so nothing is imported here."""
