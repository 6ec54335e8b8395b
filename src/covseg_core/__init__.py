"""Read chest CT, outline lung infection, measure it and learn from corrections.

The package holds everything that needs no window: networks, training,
inference, reading and writing, scores and the command line.  Importing it is
cheap; torch is loaded by the parts that use it.
"""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
