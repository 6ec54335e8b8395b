"""Predict infection on scans; the modules here load torch when they run."""
