"""`covseg pacs`: one file per command."""
