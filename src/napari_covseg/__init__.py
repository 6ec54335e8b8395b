"""The napari plugin: open a chest CT, outline lung infection, correct it, export it."""
