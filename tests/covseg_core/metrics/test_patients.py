from __future__ import annotations

import pytest

from covseg_core.errors import InputRefusedError
from covseg_core.metrics.patients import patients_of


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "patients.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_without_a_table_every_case_is_its_own_patient():
    assert patients_of(["a", "b"], None) == {"a": "a", "b": "b"}


def test_names_are_found_with_and_without_their_ending(table):
    path = table("\ufeffpatient,name\n P1 ,a.png\nP1,b.nii.gz\nP2,c\nP3,unused\n")
    assert patients_of(["a", "b", "c"], path) == {"a": "P1", "b": "P1", "c": "P2"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name,patient\na,P1\n", "names no patient for b, c"),
        ("file,patient\na,P1\n", "has the columns file, patient; name and patient"),
        ("", "has the columns none"),
        ("name,patient\na,\n", "gives a no patient or two"),
        ("name,patient\na,P1\na,P2\n", "gives a no patient or two"),
        ("name,patient\na\n", "gives a no patient or two"),
        ("patient,name\nP1\n", "has a line without a name"),
        ("name,patient\n,P1\n", "has a line without a name"),
        (f"name,patient\n{'a' * 200_000},P1\n", "cannot be read as a CSV file"),
    ],
)
def test_a_table_that_leaves_a_doubt_is_refused(table, text, sentence):
    with pytest.raises(InputRefusedError, match=sentence):
        patients_of(["a", "b", "c"], table(text))


def test_a_table_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(InputRefusedError, match=r"absent\.csv cannot be read"):
        patients_of(["a"], tmp_path / "absent.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputRefusedError, match=r"binary\.csv cannot be read"):
        patients_of(["a"], tmp_path / "binary.csv")
