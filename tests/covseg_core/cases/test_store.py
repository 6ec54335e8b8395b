from __future__ import annotations

import gzip
import json
import os
import time
from dataclasses import replace

import numpy as np
import pytest
from pydicom import dcmread

from covseg_core.cases import masks
from covseg_core.cases.store import CaseStore
from covseg_core.errors import (
    GeometryError,
    InputRefusedError,
    OutputError,
    UsageError,
)
from covseg_core.io.dicom import read_dicom
from covseg_core.io.dicom.write import write_dicom_series
from covseg_core.io.nifti import read_nifti_ct
from covseg_core.labels import INFECTION
from covseg_core.transforms.fingerprint import hash_ct
from covseg_core.volume import Grid, LesionMask

# Turned about x by 36.87 degrees, then about z by 16.26 degrees.
AXES = np.array([[0.96, -0.224, 0.168], [0.28, 0.768, -0.576], [0.0, 0.6, 0.8]])
TURNED = np.eye(4)
TURNED[:3, :3] = AXES * (-0.7, 0.8, -5.0)
TURNED[:3, 3] = 101.5, -53.25, 1203.125


def test_a_case_comes_out_as_it_went_in(store, make_ct, make_lungs):
    ct = make_ct()
    record = store.add_case(
        ct, lungs=make_lungs(ct), collection="clinic", licence="CC0"
    )
    assert (record.case_id, record.split, record.state) == ("case-0001", "train", "new")
    assert (record.collection, record.licence) == ("clinic", "CC0")
    assert record.image_sha256 == hash_ct(ct)
    assert store.read("case-0001") == record
    assert np.array_equal(store.ct("case-0001").hu, ct.hu)
    assert store.ct("case-0001").grid.matches(ct.grid)
    lungs = store.lungs("case-0001")
    assert np.array_equal(lungs.labels, make_lungs(ct).labels)


@pytest.mark.parametrize(
    "affine",
    [np.diag([-0.7, -0.8, 5.0, 1.0]), np.diag([0.7, 0.8, -5.0, 1.0]), TURNED],
    ids=["negated in plane", "from head to foot", "oblique"],
)
def test_every_orientation_is_kept(store, make_ct, make_mask, affine):
    ct = make_ct(grid=Grid((4, 6, 5), affine))
    store.add_case(ct)
    store.add_mask("case-0001", make_mask({1: 7, 2: 3}, ct), source="manual")
    stored, mask = store.ct("case-0001"), store.mask("case-0001")
    assert np.array_equal(stored.hu, ct.hu)
    assert stored.grid.affine_lps == pytest.approx(affine, abs=1e-4)
    assert np.array_equal(mask.labels, make_mask({1: 7, 2: 3}, ct).labels)
    assert np.array_equal(mask.grid.affine_lps, stored.grid.affine_lps)


def test_padding_stays_padding(store, make_ct):
    ct = make_ct()
    padding = np.zeros(ct.hu.shape, bool)
    padding[0, :2] = True
    store.add_case(replace(ct, padding=padding))
    stored = store.ct("case-0001")
    assert np.array_equal(stored.padding, padding)
    assert np.array_equal(stored.hu[~padding], ct.hu[~padding])
    assert (stored.hu[padding] == -1000).all()


def test_a_picture_stays_a_picture(store, make_ct):
    grid = Grid.from_spacing((1, 6, 5), (1, 1, 1))
    ct = make_ct(grid=grid)
    grey = replace(ct, hu=(ct.hu % 200).astype(np.float32), is_hu=False)
    store.add_case(grey)
    assert store.ct("case-0001").is_picture
    assert np.array_equal(store.ct("case-0001").hu, grey.hu)


def test_a_scan_that_would_change_is_refused_and_leaves_nothing(store, make_ct):
    ct = make_ct()
    ct.hu[0, 0, 0] = -1800
    with pytest.raises(InputRefusedError, match="would not come out of the store as"):
        store.add_case(ct)
    assert store.list_cases() == ()
    assert [path.name for path in store.root.iterdir()] == ["store.json"]


def test_ids_are_given_in_order_or_chosen(store, make_ct):
    store.add_case(make_ct(0), case_id="case-0002")
    assert [store.add_case(make_ct(seed)).case_id for seed in (1, 2)] == [
        "case-0001",
        "case-0003",
    ]
    with pytest.raises(InputRefusedError, match="another scan under the name 'case-00"):
        store.add_case(make_ct(9), case_id="case-0002")
    for name in ("../out", "a/b", "", ".hidden"):
        with pytest.raises(UsageError, match="a case cannot be called"):
            store.add_case(make_ct(9), case_id=name)
    listed = [record.case_id for record in store.list_cases()]
    assert listed == ["case-0001", "case-0002", "case-0003"]


@pytest.mark.parametrize("name", ["absent", "../store/case-0001", ""])
def test_a_case_that_is_not_there_is_refused(filled, name):
    with pytest.raises(InputRefusedError, match=r"there is no case .* in store"):
        filled.read(name)


def test_a_scan_is_one_case_in_whatever_order_its_voxels_are(store, make_ct, stored):
    store.add_case(make_ct())
    turned = stored(make_ct(), (2, 0, 1), (1, 0, 1))
    with pytest.raises(InputRefusedError, match="in the store already, as case-0001"):
        store.add_case(turned, case_id="another")


def test_all_scans_of_a_patient_share_a_split(store, make_ct):
    first = store.add_case(make_ct(0), patient="Doe^Jane")
    store.add_case(make_ct(1), patient="Roe^Richard")
    again = store.add_case(make_ct(2), patient=" doe^JANE")
    assert (again.patient, again.split) == (first.patient, first.split)
    with pytest.raises(InputRefusedError, match="are in the split 'train' and stay"):
        store.add_case(make_ct(3), patient="Doe^Jane", split="held-out")
    assert len(store.list_cases()) == 3


def test_scans_of_nobody_known_are_patients_of_their_own(store, make_ct):
    records = [store.add_case(make_ct(seed)) for seed in range(5)]
    assert len({record.patient for record in records}) == 5
    splits = [record.split for record in records]
    assert splits == ["train", "held-out", "train", "validation", "train"]


def test_dicom_says_whose_scan_it_is(store, make_ct, tmp_path):
    records = []
    for number, patient in enumerate(["ID 7", "id 7 ", "Anonymous", "Anonymous"]):
        folder = tmp_path / f"series {number}"
        for path in write_dicom_series(make_ct(number), folder):
            dataset = dcmread(path)
            dataset.PatientID = patient
            dataset.save_as(path)
        records.append(store.add_case(read_dicom(folder)))
    patients = [record.patient for record in records]
    assert patients[0] == patients[1] == store.pseudonym("ID 7")
    assert len(set(patients)) == 3


def test_a_number_that_is_said_is_the_one_in_dicom(store, make_ct, tmp_path):
    for path in write_dicom_series(make_ct(0), tmp_path / "series"):
        dataset = dcmread(path)
        dataset.PatientID, dataset.IssuerOfPatientID = "4711", "CLINIC"
        dataset.save_as(path)
    read = store.add_case(read_dicom(tmp_path / "series"), split="held-out")
    said = store.add_case(make_ct(1), patient="4711")
    assert (said.patient, said.split) == (read.patient, "held-out")


def test_a_scan_belongs_to_the_patient_that_any_slice_names(store, make_ct, tmp_path):
    last = write_dicom_series(make_ct(0), tmp_path / "series")[-1]
    dataset = dcmread(last)
    dataset.PatientID = "4711"
    dataset.save_as(last)
    record = store.add_case(read_dicom(tmp_path / "series"))
    assert record.patient == store.pseudonym("4711")


def test_a_scan_that_names_two_patients_needs_to_be_told_whose_it_is(
    store, make_ct, tmp_path
):
    for number, path in enumerate(write_dicom_series(make_ct(0), tmp_path / "series")):
        dataset = dcmread(path)
        dataset.PatientID = f"PID-{number % 2}"
        dataset.save_as(path)
    ct = read_dicom(tmp_path / "series")
    with pytest.raises(InputRefusedError, match="name different patients"):
        store.add_case(ct)
    assert store.list_cases() == ()
    assert store.add_case(ct, patient="4711").patient == store.pseudonym("4711")


def test_a_patients_name_is_in_no_file(store, make_ct, make_mask, files_of):
    store.add_case(make_ct(), patient="Zebedee^Quorn")
    store.add_mask("case-0001", make_mask({1: 3}, make_ct()), source="manual")
    for path in files_of(store):
        content = path.read_bytes()
        if path.suffix == ".gz":
            content += gzip.decompress(content)
        assert b"zebedee" not in content.lower()
        assert b"quorn" not in content.lower()
        assert b"zebedee" not in str(path).lower().encode()


def test_masks_are_numbered_and_never_replaced(filled, make_ct, make_mask):
    versions = filled.read("case-0001").versions
    assert [one.file for one in versions] == [
        "v0001_manual.nii.gz",
        "v0002_model.nii.gz",
    ]
    version = filled.add_mask(
        "case-0001",
        make_mask({1: 5, 255: 2}, make_ct()),
        source="edited",
        parent=2,
        model="small",
        model_sha256="ab" * 32,
        role="radiologist",
        seconds_spent=61.5,
        note="lower lobes",
    )
    assert (version.number, version.parent, version.is_beside) == (3, 2, False)
    assert (version.role, version.seconds_spent) == ("radiologist", 61.5)
    assert filled.read("case-0001").versions[-1] == version
    assert np.bincount(filled.mask("case-0001", 3).labels.ravel())[
        [1, 255]
    ].tolist() == [
        5,
        2,
    ]
    assert filled.mask("case-0001", 1).volumes_ml["ggo"] == pytest.approx(4 * 0.0028)


def test_a_save_onto_an_extended_version_is_kept_beside(filled, make_ct, make_mask):
    saves = [
        filled.add_mask(
            "case-0001", make_mask({1: n}, make_ct()), source="edited", parent=1
        )
        for n in (1, 2, 3)
    ]
    assert [one.parent for one in saves] == [1, 1, 1]
    assert [one.beside for one in saves] == [(), (3,), (3, 4)]
    sizes = [int(filled.mask("case-0001", n).labels.sum()) for n in (3, 4, 5)]
    assert sizes == [1, 2, 3]


def test_a_persons_mask_is_preferred_to_a_newer_one_of_a_model(filled):
    assert filled.read("case-0001").newest().number == 2
    assert np.array_equal(
        filled.mask("case-0001").labels, filled.mask("case-0001", 1).labels
    )


def test_a_models_mask_serves_where_there_is_no_other(store, make_ct, make_mask):
    store.add_case(make_ct())
    with pytest.raises(InputRefusedError, match="case-0001 has no mask yet; add one"):
        store.mask("case-0001")
    store.add_mask("case-0001", make_mask({2: 3}, make_ct()), source="model")
    assert store.mask("case-0001").labels.sum() == 6


def test_one_class_stays_one_class(store, make_ct, make_mask):
    store.add_case(make_ct())
    mask = make_mask({1: 3}, make_ct(), INFECTION)
    assert store.add_mask("case-0001", mask, source="manual").label_set == "infection"
    assert store.mask("case-0001").label_set == INFECTION


def test_a_mask_off_the_scan_is_refused(filled, make_ct, make_mask):
    moved = Grid.from_spacing((4, 6, 5), (5, 0.8, 0.7), (0, 0, 0))
    with pytest.raises(GeometryError, match="does not lie on the CT"):
        filled.add_mask(
            "case-0001", make_mask({1: 1}, make_ct(grid=moved)), source="manual"
        )
    assert len(filled.read("case-0001").versions) == 2


@pytest.mark.parametrize(
    ("facts", "error", "sentence"),
    [
        ({"source": "guess"}, UsageError, "the source 'guess' is none of manual"),
        ({"seconds_spent": -1}, UsageError, "seconds_spent: "),
        ({"seconds_spent": float("nan")}, UsageError, "seconds_spent: "),
        ({"note": "\udcff"}, UsageError, "note: "),
        ({"confidence": 1.5}, UsageError, "confidence: "),
        ({"parent": 9}, InputRefusedError, "case-0001 has no mask 9; it has 1, 2"),
    ],
)
def test_a_wrong_fact_is_refused_and_leaves_nothing(
    filled, make_ct, make_mask, files_of, facts, error, sentence
):
    before = files_of(filled)
    with pytest.raises(error, match=sentence):
        filled.add_mask(
            "case-0001", make_mask({1: 1}, make_ct()), **({"source": "manual"} | facts)
        )
    assert files_of(filled) == before


def test_a_value_of_no_class_is_refused(filled, make_ct, make_mask):
    mask = make_mask({1: 2, 3: 1, 7: 1}, make_ct())
    with pytest.raises(
        InputRefusedError, match=r"the values 3, 7; .* only 0, 1, 2, 255"
    ):
        filled.add_mask("case-0001", mask, source="manual")
    lungs = LesionMask(mask.labels, mask.grid, replace(INFECTION, name="lungs"))
    with pytest.raises(InputRefusedError, match="a mask of lungs is none of infection"):
        filled.add_mask("case-0001", lungs, source="manual")


def test_a_state_is_set_and_a_comment_stays(filled):
    assert filled.set_state("case-0001", "flagged", "blurred").comment == "blurred"
    record = filled.set_state("case-0001", "in progress")
    assert (record.state, record.comment) == ("in progress", "blurred")
    assert filled.read("case-0001") == record
    with pytest.raises(UsageError, match=r"^state: "):
        filled.set_state("case-0001", "finished")


def test_reading_refuses_changed_bytes(filled, flip):
    folder = filled.root / "case-0001"
    flip(folder / "ct.nii.gz", 90)
    with pytest.raises(
        InputRefusedError, match=r"ct\.nii\.gz of case-0001 was changed"
    ):
        filled.ct("case-0001")
    flip(folder / "lungs.nii.gz", 40)
    with pytest.raises(InputRefusedError, match=r"lungs\.nii\.gz of case-0001 was cha"):
        filled.lungs("case-0001")
    flip(folder / "masks" / "v0001_manual.nii.gz", 40)
    with pytest.raises(InputRefusedError, match=r"v0001_manual\.nii\.gz of"):
        filled.mask("case-0001", 1)
    assert filled.mask("case-0001", 2).labels.sum() == 6


@pytest.fixture
def stopped_save(filled, make_ct, make_mask, monkeypatch):
    """A store in which a writer was stopped before it could record mask 3."""

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(CaseStore, "_write", stop)
        with pytest.raises(KeyboardInterrupt):
            filled.add_mask(
                "case-0001",
                make_mask({1: 5}, make_ct(), INFECTION),
                source="edited",
                parent=1,
                note="mine",
            )
    return filled


def test_a_mask_that_was_not_recorded_is_taken_in_by_the_next_save(
    stopped_save, make_ct, make_mask
):
    assert len(stopped_save.read("case-0001").versions) == 2
    saved = stopped_save.add_mask(
        "case-0001", make_mask({1: 1}, make_ct()), source="edited", parent=1
    )
    assert (saved.number, saved.beside) == (4, (3,))
    found = stopped_save.read("case-0001").version(3)
    assert (found.label_set, found.parent) == ("infection", 1)
    assert found.note == "mine (recorded late: its writer was stopped)"
    assert stopped_save.mask("case-0001", 3).labels.sum() == 5


def test_a_mask_of_no_known_writer_is_taken_for_lesions(stopped_save):
    folder = stopped_save.root / "case-0001" / "masks"
    for path in folder.glob(".v*.json"):
        path.unlink()
    (folder / "v0004_model.nii.gz").write_bytes(b"no mask")
    record = stopped_save.set_state("case-0001", "done")
    assert [one.number for one in record.versions] == [1, 2, 3]
    found = record.version(3)
    assert (found.label_set, found.source, found.parent) == ("lesions", "edited", None)
    assert "its labels are taken for lesions" in found.note


def test_old_leftovers_go_with_the_next_save(filled, make_ct):
    old = time.time() - 7200
    stale = [
        filled.root / ".new-0123" / "ct.nii.gz",
        filled.root / "case-0001" / ".covseg-01.json",
        filled.root / "case-0001" / "masks" / ".new-01.nii.gz",
    ]
    for path in stale:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    for path in (stale[0].parent, *stale):
        os.utime(path, (old, old))
    filled.add_case(make_ct(7))
    filled.set_state("case-0001", "done")
    assert [path for path in stale if path.exists()] == []


def test_a_full_disk_loses_nothing(filled, make_ct, make_mask, files_of, monkeypatch):
    before = {path: path.read_bytes() for path in files_of(filled)}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(masks, "place_file", full)
    with pytest.raises(OutputError, match="the mask of case-0001 could not be written"):
        filled.add_mask("case-0001", make_mask({1: 1}, make_ct()), source="manual")
    monkeypatch.setattr("covseg_core.io.atomic.os.replace", full)
    with pytest.raises(OutputError, match="the disk is full"):
        filled.add_case(make_ct(7))
    after = {path: path.read_bytes() for path in files_of(filled)}
    assert {path: after[path] for path in before} == before
    assert all(path.name.startswith(".v") for path in after.keys() - before.keys())


def test_plain_programs_can_read_a_store(filled, make_ct):
    folder = filled.root / "case-0001"
    document = json.loads((folder / "case.json").read_text())
    assert document["state"] == "new"
    assert [one["number"] for one in document["versions"]] == [1, 2]
    assert np.array_equal(read_nifti_ct(folder / "ct.nii.gz").hu, make_ct().hu)


def test_a_folder_that_is_no_store_is_refused(tmp_path):
    with pytest.raises(InputRefusedError, match="is no case store"):
        CaseStore(tmp_path)


def test_a_real_scan_comes_out_as_it_went_in(store, real_ct):
    from covseg_core.io.nifti import read_nifti_labels
    from covseg_core.labels import LESIONS

    volumes = real_ct / "volumes"
    ct = read_nifti_ct(volumes / "medseg_06_ct.nii.gz")
    classes = read_nifti_labels(
        volumes / "medseg_06_classes.nii.gz", LESIONS, allow_unknown=True
    )
    record = store.add_case(ct)
    store.add_mask(record.case_id, classes, source="manual")
    stored = store.ct(record.case_id)
    assert np.array_equal(stored.hu, ct.hu)
    assert stored.grid.matches(ct.grid)
    assert hash_ct(stored) == hash_ct(ct) == record.image_sha256
    assert np.array_equal(store.mask(record.case_id).labels, classes.labels)
