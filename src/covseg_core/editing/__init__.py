"""Correct a mask by hand: tools, undo, and a journal that survives a crash."""
