"""Synthetic images beside the scan."""
