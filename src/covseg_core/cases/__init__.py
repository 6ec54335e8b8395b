"""The case store: scans, and the masks that readers and models made of them."""
