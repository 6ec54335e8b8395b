"""`covseg cases`: one file per command."""
