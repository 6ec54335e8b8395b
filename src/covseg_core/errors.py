"""The errors that covseg raises on purpose.

Each says what was found, what is needed and what to do.  The class decides the
exit code of the command line, so that scripts can tell a refused scan from a
refused model.  No message holds a patient's name, identifier or birth date.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "CovsegError",
    "GeometryError",
    "InputRefusedError",
    "ModelRefusedError",
    "OutputError",
    "SeriesChoiceError",
    "UsageError",
]


class CovsegError(Exception):
    """Base of every error that covseg raises on purpose."""

    exit_code: ClassVar[int] = 1


class UsageError(CovsegError, ValueError):
    """An option or a combination of options makes no sense."""

    exit_code = 2


class InputRefusedError(CovsegError, ValueError):
    """A scan or mask was read, or could not be, and is not safe to use."""

    exit_code = 3


class GeometryError(InputRefusedError):
    """Images that should share a voxel grid do not, or a grid is unusable."""


class SeriesChoiceError(InputRefusedError):
    """Several CT series were found and the caller must choose one.

    Parameters
    ----------
    message : str
        Sentence for the user.
    series : tuple of object
        What there is to choose from, described without patient data.
    """

    def __init__(self, message: str, series: tuple[object, ...]) -> None:
        super().__init__(message)
        self.series = series


class ModelRefusedError(CovsegError, ValueError):
    """A model file is damaged, of another kind, or unsafe to load."""

    exit_code = 4


class OutputError(CovsegError, OSError):
    """A result could not be written; what was there before is untouched."""
