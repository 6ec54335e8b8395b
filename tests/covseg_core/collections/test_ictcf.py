from __future__ import annotations

import pytest


@pytest.fixture
def download(put):
    for seed, kind in enumerate(("NiCT", "pCT", "nCT")):
        put.picture(f"{kind}/{kind}1.jpg", seed)
    for number in (2, 10):
        for place in (1, 2):
            name = f"Patient {number}/CT/IMG-000{place}.jpg"
            put.picture(name, 10 * number + place)
    return put.root


def test_slices_without_lung_are_left_out_unless_asked_for(download, read):
    plain = [
        "ictcf-nCT-nCT1",
        "ictcf-pCT-pCT1",
        "ictcf-patient-2-IMG-0001",
        "ictcf-patient-2-IMG-0002",
        "ictcf-patient-10-IMG-0001",
        "ictcf-patient-10-IMG-0002",
    ]
    assert list(read("ictcf", download)) == plain
    asked = read("ictcf", download, with_non_informative=True)
    assert set(asked) - set(plain) == {"ictcf-NiCT-NiCT1"}
    assert asked["ictcf-NiCT-NiCT1"].lesions is None


def test_only_slices_without_infection_have_a_mask(download, read):
    cases = read("ictcf", download)
    masked = {name for name, case in cases.items() if case.lesions is not None}
    assert masked == {"ictcf-nCT-nCT1"}
    assert not cases["ictcf-nCT-nCT1"].lesions.labels.any()
    assert not any(case.ct.is_hu for case in cases.values())


def test_slices_of_one_patient_stay_together(download, read):
    cases = read("ictcf", download)
    patients = {case.patient for name, case in cases.items() if "patient" in name}
    assert patients == {"ictcf patient 2", "ictcf patient 10"}


def test_slices_of_unknown_patients_are_in_one_split(download, read):
    cases = read("ictcf", download)
    splits = {case.split for name, case in cases.items() if "patient" not in name}
    assert splits == {"train"}


def test_patients_alone_are_enough(put, read):
    put.picture("Patient 1/CT/a.jpg")
    assert list(read("ictcf", put.root)) == ["ictcf-patient-1-a"]
