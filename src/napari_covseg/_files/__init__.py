"""Files that a reader opens and hands on."""
