from __future__ import annotations

from pathlib import Path

import pytest

from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.io.refusing import refusing

FILE = Path("folder of a patient/scan.nii")


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (PermissionError(13, "Permission denied"), "could not be read: Permission"),
        (MemoryError(), "needs more memory than there is"),
        (KeyError("x"), "is not a readable NIfTI file (KeyError)"),
    ],
)
def test_whatever_goes_wrong_is_one_sentence_that_names_the_file(problem, sentence):
    with pytest.raises(InputRefusedError) as caught, refusing(FILE, "NIfTI file"):
        raise problem
    assert str(caught.value).startswith("scan.nii ")
    assert sentence in str(caught.value)
    assert "patient" not in str(caught.value)


def test_a_refusal_keeps_its_class_and_its_words():
    with (
        pytest.raises(GeometryError, match=r"^scan\.nii: it is sheared\.$"),
        refusing(FILE, "NIfTI file"),
    ):
        raise GeometryError("it is sheared.")
