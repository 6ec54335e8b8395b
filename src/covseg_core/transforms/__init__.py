"""Turn scans the standard way, find lungs, prepare slices for a network and back."""
