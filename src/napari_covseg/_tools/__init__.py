"""What changes or limits a mask."""
