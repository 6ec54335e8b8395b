"""What the workbench works on: a scan, its mask, and the safety of both."""
