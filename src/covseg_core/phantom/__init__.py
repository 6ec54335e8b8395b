"""A computed chest CT whose lungs and lesions have known volumes.

`make_phantom` looks like a patient's scan; `make_block_phantom` is made of boxes
whose volumes one can compute in one's head.
"""

from __future__ import annotations

from covseg_core.phantom.blocks import make_block_phantom
from covseg_core.phantom.chest import make_phantom
from covseg_core.phantom.settings import Phantom, PhantomSettings

__all__ = ["Phantom", "PhantomSettings", "make_block_phantom", "make_phantom"]
