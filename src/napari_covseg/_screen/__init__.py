"""How things look and what the plugin remembers of it."""
