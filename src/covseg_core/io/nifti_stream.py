"""Get the voxels out of a NIfTI file without trusting its header.

The file is read into memory whole, so a later write to the same path is safe,
and never more than the file really holds is allocated.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from covseg_core.errors import InputRefusedError
from covseg_core.io.nifti_checks import Layout, grid_of, layout_of, parse_header
from covseg_core.volume import SYNTHETIC

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.volume import Grid

__all__ = ["StoredVolume", "read_stored"]

_LARGEST_HEADER_BYTES = 540
_CHUNK_BYTES = 2**24
_CHUNK_BYTES_BEHIND = 2**20
_LARGEST_GZIP_RATIO = 1032  # deflate cannot pack tighter
_MOST_BYTES_BEHIND = 2**30
"""What follows the voxels is read for the checksum, but no bomb to its end."""


@dataclass(frozen=True, eq=False)
class StoredVolume:
    """The voxels as they are on disk.

    Parameters
    ----------
    voxels : ndarray, shape (Z, Y, X)
        Stored values, not scaled.
    grid : Grid
        Where they lie.
    slope, intercept : float
        A value is ``stored * slope + intercept``.
    notes : tuple of str
        What was unusual about the file.
    is_synthetic : bool
        Whether its description says that a model made it.
    """

    voxels: npt.NDArray[Any]
    grid: Grid
    slope: float
    intercept: float
    notes: tuple[str, ...]
    is_synthetic: bool = False

    def values_of(self, z: int) -> npt.NDArray[np.float64]:
        """Scaled values of slice `z`, (Y, X)."""
        # What overflows becomes infinite, which the caller cleans or refuses.
        with np.errstate(over="ignore", invalid="ignore"):
            return self.voxels[z].astype(np.float64) * self.slope + self.intercept


def read_stored(path: Path) -> StoredVolume:
    """Read the one volume of a ``.nii`` or gzipped file.

    Raises
    ------
    InputRefusedError
        If the file is no NIfTI, is cut, or is not one volume of real numbers.
    GeometryError
        If readers would disagree on where the voxels lie.
    """
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        stream: Any = gzip.GzipFile(fileobj=file) if packed else file
        header = parse_header(stream.read(_LARGEST_HEADER_BYTES))
        # A damaged header overflows; what comes of it is refused by the checks.
        with np.errstate(all="ignore"):
            layout = layout_of(header)
            grid, notes = grid_of(header, layout.shape)
        _require_room(layout, path.stat().st_size, packed=packed)
        content = _read_exactly(stream, layout, packed=packed)
    # The first axis on disk runs fastest, so (Z, Y, X) is plain C order.
    voxels = np.frombuffer(content, layout.voxel_type).reshape(layout.shape)
    notes = layout.notes + notes
    synthetic = header["descrip"].tobytes().startswith(SYNTHETIC.encode())
    return StoredVolume(voxels, grid, layout.slope, layout.intercept, notes, synthetic)


def _require_room(layout: Layout, file_bytes: int, *, packed: bool) -> None:
    """Refuse a header that claims more than the file can hold."""
    most = file_bytes * _LARGEST_GZIP_RATIO if packed else file_bytes
    if layout.offset + layout.n_bytes > most:
        raise InputRefusedError(
            f"the header claims {layout.n_bytes} bytes of voxels, the file holds at "
            f"most {max(most - layout.offset, 0)}. It was cut or its header is wrong; "
            "copy it again."
        )


def _read_exactly(stream: IO[bytes], layout: Layout, *, packed: bool) -> bytearray:
    """Read the voxels, never holding more than the file really has."""
    content = bytearray()
    try:
        stream.seek(layout.offset)
        while chunk := stream.read(min(_CHUNK_BYTES, layout.n_bytes - len(content))):
            content += chunk
        if packed:
            _require_end(stream)
    except EOFError as error:
        # How much it holds is unknown: gzip drops the piece in which it ends.
        raise InputRefusedError("the file is cut. Copy it again.") from error
    if len(content) < layout.n_bytes:
        raise InputRefusedError(
            f"the header claims {layout.n_bytes} bytes of voxels, the file holds "
            f"{len(content)}. It was cut or its header is wrong; copy it again."
        )
    return content


def _require_end(stream: IO[bytes]) -> None:
    """Read on to the very end: gzip compares its checksum there and nowhere else."""
    behind = 0
    while chunk := stream.read(_CHUNK_BYTES_BEHIND):
        behind += len(chunk)
        if behind > _MOST_BYTES_BEHIND:
            raise InputRefusedError(
                f"the file unpacks to more than {_MOST_BYTES_BEHIND} bytes behind the "
                "voxels that its header claims. It is damaged; copy it again."
            )
