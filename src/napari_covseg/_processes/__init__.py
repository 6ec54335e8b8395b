"""Work beside the window: threads, a child process, and what runs in them."""
