"""Reports on severity: figures, pages and tables of one scan or of many."""
