"""Read single slices from pictures, and write masks as pictures."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.io.atomic import misread, write_atomically
from covseg_core.volume import CTVolume, Grid, SliceImage, Source

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "is_picture",
    "list_slices",
    "read_colours",
    "read_picture_ct",
    "read_slice",
    "write_mask_png",
]

_FORMATS = ("PNG", "JPEG", "BMP")
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")
_LARGEST_SIDE = 4096
_LARGEST_COLOUR_DIFFERENCE = 12
"""JPEG stores grey as colour with errors of a few levels."""


def read_slice(path: Path) -> SliceImage:
    """Read one axial slice, windowed for the lungs, from PNG, JPEG or BMP.

    Transparency is dropped; a rotation in the EXIF data is ignored, as it was
    written by a camera or a viewer and not by the scanner.

    Raises
    ------
    InputRefusedError
        If the file is no such picture, is cut, coloured, has 16 bits or more than
        4096 pixels along a side.
    """
    with _open(path) as image:
        _require_8_bit(path.name, image)
        grey = _grey(path.name, _pixels(path.name, image))
    return SliceImage(grey, path.name)


def read_colours(path: Path) -> npt.NDArray[np.uint8]:
    """Read the colours of a picture, (H, W, 3); raises as `read_slice` does."""
    with _open(path) as image:
        return _pixels(path.name, image)


def is_picture(path: Path) -> bool:
    """Whether a path is a file that ends like a picture."""
    return path.suffix.lower() in _SUFFIXES and not path.is_dir()


def read_picture_ct(path: Path) -> CTVolume:
    """Read one picture as a scan of one slice that is not in HU.

    Raises
    ------
    InputRefusedError
        As `read_slice`.
    """
    grey = read_slice(path).grey[None].astype(np.float32)
    # A picture tells no voxel size; the kind of its source says so.
    grid = Grid.from_spacing(grey.shape, (1.0, 1.0, 1.0))
    return CTVolume(grey, grid, is_hu=False, source=Source("images", (str(path),)))


def list_slices(folder: Path) -> tuple[Path, ...]:
    """List the pictures in `folder`, numbers in names sorted as numbers.

    A link that leads nowhere is among them: it is a slice that was not copied, which
    reading it will tell.

    Raises
    ------
    InputRefusedError
        If `folder` is no folder.
    """
    if not folder.is_dir():
        raise InputRefusedError(f"{folder.name} is not a folder.")
    pictures = [
        entry
        for entry in folder.iterdir()
        if is_picture(entry)
        and not entry.name.startswith(".")
        and (entry.is_file() or not entry.exists())
    ]
    return tuple(sorted(pictures, key=lambda entry: _natural_key(entry.name)))


def write_mask_png(path: Path, labels: npt.NDArray[np.uint8]) -> None:
    """Write the mask of one slice; the grey levels are the labels.

    Parameters
    ----------
    path : Path
        A ``.png`` file.
    labels : ndarray of uint8, shape (H, W)
        Voxel values, written as they are.

    Raises
    ------
    UsageError
        If the name is no PNG or the labels are no slice of uint8.
    OutputError
        If it cannot be written; what was at `path` is untouched.
    """
    if path.suffix.lower() != ".png":
        raise UsageError(f"{path.name} must end in .png.")
    if labels.ndim != 2 or labels.dtype != np.uint8:
        raise UsageError(
            f"a mask of one slice must be uint8 (H, W), got {labels.dtype} "
            f"{labels.shape}."
        )

    def check(written: Path) -> None:
        with Image.open(written, formats=("PNG",)) as image:
            if not np.array_equal(np.asarray(image), labels):
                raise misread(path.name)

    picture = Image.fromarray(np.ascontiguousarray(labels))
    write_atomically(
        path, lambda temporary: picture.save(temporary, format="PNG"), check
    )


def _open(path: Path) -> Image.Image:
    """Open a picture without decoding its pixels yet."""
    try:
        with warnings.catch_warnings():
            # Our own limit is lower and has a sentence.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(path, formats=_FORMATS)
    except FileNotFoundError as error:
        raise InputRefusedError(f"{path.name} does not exist.") from error
    except Image.DecompressionBombError as error:
        raise _too_large(path.name) from error
    # Pillow raises many classes for a damaged header.
    except Exception as error:
        raise InputRefusedError(
            f"{path.name} is not a readable PNG, JPEG or BMP picture "
            f"({type(error).__name__})."
        ) from error
    if max(image.size) > _LARGEST_SIDE or min(image.size) < 1:
        image.close()
        raise _too_large(path.name)
    return image


def _too_large(name: str) -> InputRefusedError:
    return InputRefusedError(
        f"{name} has more than {_LARGEST_SIDE} pixels along a side, which no CT slice "
        "has. Check the file."
    )


def _require_8_bit(name: str, image: Image.Image) -> None:
    if image.mode.startswith(("I", "F")):
        raise InputRefusedError(
            f"{name} has more than 8 bits per pixel, and nothing says how they map to "
            "grey. Save the slice as 8-bit in a lung window, or load the DICOM files."
        )


def _pixels(name: str, image: Image.Image) -> npt.NDArray[np.uint8]:
    """Decode to (H, W, 3), transparency dropped."""
    try:
        return np.asarray(image.convert("RGBA").convert("RGB"))
    # Pillow raises many classes for damaged pixels.
    except Exception as error:
        raise InputRefusedError(
            f"{name} is cut or damaged ({type(error).__name__}). Copy it again."
        ) from error


def _grey(name: str, rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    difference = int((rgb.max(axis=2) - rgb.min(axis=2)).max())
    if difference > _LARGEST_COLOUR_DIFFERENCE:
        raise InputRefusedError(
            f"{name} is in colour (channels differ by up to {difference} levels); a CT "
            "slice is grey. Export it without annotations."
        )
    return np.ascontiguousarray(rgb[:, :, 1])


def _natural_key(name: str) -> tuple[Any, ...]:
    parts = re.split(r"(\d+)", name.casefold())
    return tuple(int(part) if part.isdecimal() else part for part in parts), name
