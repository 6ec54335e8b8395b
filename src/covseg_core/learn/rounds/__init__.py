"""Semi-supervised rounds: label some scans, learn from them, label the next."""
