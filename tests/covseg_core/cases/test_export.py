from __future__ import annotations

import json
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

from covseg_core.cases.export import ExportStep, export
from covseg_core.cases.freeze import freeze
from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.labels import INFECTION


@pytest.fixture
def cohort(store, make_ct, make_mask):
    """Five finished cases: three to train, one held out, one to validate."""

    def fill(counts=({1: 4, 2: 2},) * 5, label_sets=None):
        for seed, count in enumerate(counts):
            ct = make_ct(seed)
            label_set = (label_sets or {}).get(seed)
            record = store.add_case(ct)
            facts = {} if label_set is None else {"label_set": label_set}
            mask = make_mask(count, ct, **facts)
            store.add_mask(record.case_id, mask, source="manual")
            store.set_state(record.case_id, "done")
        return store

    return fill


def run(store, folder, layout, **choices):
    steps = export(store, folder, layout, **choices)
    seen = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as stop:
            return seen, stop.value


def files(folder):
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    )


def values(path):
    return np.asanyarray(nib.load(path).dataobj).T


def test_nnunet_finds_its_files(cohort, tmp_path):
    store = cohort()
    steps, manifest = run(store, tmp_path / "out", "nnunet", name="covid")
    assert steps[-1] == ExportStep("case-0005", 5, 5)
    assert manifest == freeze(store)
    folder = tmp_path / "out" / "Dataset501_covid"
    assert files(folder) == [
        "covseg-manifest.json",
        "dataset.json",
        *[f"imagesTr/case-000{n}_0000.nii.gz" for n in (1, 3, 4, 5)],
        "imagesTs/case-0002_0000.nii.gz",
        *[f"labelsTr/case-000{n}.nii.gz" for n in (1, 3, 4, 5)],
        "labelsTs/case-0002.nii.gz",
        "splits_final.json",
    ]
    assert json.loads((folder / "dataset.json").read_text()) == {
        "name": "Dataset501_covid",
        "channel_names": {"0": "CT"},
        "labels": {"background": 0, "ggo": 1, "consolidation": 2},
        "numTraining": 4,
        "file_ending": ".nii.gz",
    }
    assert json.loads((folder / "splits_final.json").read_text()) == [
        {"train": ["case-0001", "case-0003", "case-0005"], "val": ["case-0004"]}
    ]
    text = (folder / "covseg-manifest.json").read_text()
    assert text == manifest.to_json()


def test_exported_voxels_are_those_of_the_store(cohort, make_ct, make_mask, tmp_path):
    run(cohort(), tmp_path / "out", "nnunet", name="Dataset042_Covid")
    folder = tmp_path / "out" / "Dataset042_Covid"
    image = folder / "imagesTr" / "case-0001_0000.nii.gz"
    label = folder / "labelsTr" / "case-0001.nii.gz"
    ct = make_ct(0)
    assert np.array_equal(values(image), ct.hu)
    assert np.array_equal(values(label), make_mask({1: 4, 2: 2}, ct).labels)
    assert np.array_equal(nib.load(image).affine, nib.load(label).affine)


def test_infection_of_no_known_class_is_ignored_by_nnunet(cohort, tmp_path):
    counts = [{1: 4, 255: 3}, {1: 2}, {1: 5}]
    run(cohort(counts, {2: INFECTION}), tmp_path / "out", "nnunet")
    folder = tmp_path / "out" / "Dataset501_covseg"
    labels = json.loads((folder / "dataset.json").read_text())["labels"]
    assert labels == {"background": 0, "ggo": 1, "consolidation": 2, "ignore": 3}
    first = values(folder / "labelsTr" / "case-0001.nii.gz")
    assert np.bincount(first.ravel())[1:].tolist() == [4, 0, 3]
    single = values(folder / "labelsTr" / "case-0003.nii.gz")
    assert np.bincount(single.ravel())[1:].tolist() == [0, 0, 5]


def test_one_class_needs_nothing_ignored(cohort, tmp_path):
    counts = [{1: 4, 255: 3}, {1: 2}, {1: 5}]
    run(cohort(counts, dict.fromkeys(range(3), INFECTION)), tmp_path / "out", "nnunet")
    folder = tmp_path / "out" / "Dataset501_covseg"
    labels = json.loads((folder / "dataset.json").read_text())["labels"]
    assert labels == {"background": 0, "infection": 1}
    assert values(folder / "labelsTr" / "case-0001.nii.gz").sum() == 7


def test_monai_finds_its_files(cohort, tmp_path):
    run(cohort(), tmp_path / "out", "monai", name="covid")
    document = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert document["labels"] == {"0": "background", "1": "ggo", "2": "consolidation"}
    assert (document["numTraining"], document["numTest"]) == (3, 1)
    assert document["validation"] == [
        {"image": "images/case-0004.nii.gz", "label": "labels/case-0004.nii.gz"}
    ]
    for split in ("training", "validation", "test"):
        for entry in document[split]:
            for path in entry.values():
                assert (tmp_path / "out" / path).is_file()


@pytest.mark.slow
def test_monai_itself_reads_the_list(cohort, tmp_path):
    data = pytest.importorskip("monai.data")
    run(cohort(), tmp_path / "out", "monai")
    for split, ids in (("training", 3), ("validation", 1), ("test", 1)):
        entries = data.load_decathlon_datalist(
            tmp_path / "out" / "dataset.json", True, split
        )
        assert len(entries) == ids
        assert values(entries[0]["image"]).shape == values(entries[0]["label"]).shape


def test_pictures_are_exported_by_themselves(cohort, make_ct, make_mask, tmp_path):
    store = cohort()
    ct = make_ct(9)
    grey = replace(ct, hu=(ct.hu % 200).astype(np.float32), is_hu=False)
    store.add_case(grey, case_id="slice", split="train")
    store.add_mask("slice", make_mask({1: 3}, ct), source="manual")
    store.set_state("slice", "done")
    _, scans = run(store, tmp_path / "scans", "monai")
    assert len(scans.cases) == 5
    _, pictures = run(store, tmp_path / "pictures", "monai", pictures=True)
    assert [case.case_id for case in pictures.cases] == ["slice"]
    document = json.loads((tmp_path / "pictures" / "dataset.json").read_text())
    assert document["modality"] == {"0": "grey"}


def test_nothing_to_train_on_is_refused(filled, tmp_path):
    with pytest.raises(InputRefusedError, match="of 0 finished cases with a mask by"):
        run(filled, tmp_path / "out", "monai")
    assert not (tmp_path / "out").exists()


def test_an_older_export_is_left_alone(cohort, tmp_path):
    (tmp_path / "old.txt").touch()
    with pytest.raises(UsageError, match="is not empty; give a new one"):
        run(cohort(), tmp_path, "monai")
    with pytest.raises(UsageError, match="a data set cannot be called"):
        run(cohort([]), tmp_path / "new", "nnunet", name="../x")


@pytest.mark.parametrize("made_before", [False, True])
def test_an_export_that_is_stopped_leaves_nothing(cohort, tmp_path, made_before):
    folder = tmp_path / "deep" / "out"
    if made_before:
        folder.mkdir(parents=True)
    steps = export(cohort(), folder, "monai")
    next(steps)
    steps.close()
    assert list((tmp_path / "deep").iterdir()) == ([folder] if made_before else [])
    run(cohort([]), folder, "monai")
    assert (folder / "dataset.json").is_file()


def test_a_changed_file_is_not_exported(cohort, tmp_path, flip):
    store = cohort()
    flip(store.root / "case-0003" / "ct.nii.gz", 60)
    with pytest.raises(InputRefusedError, match=r"ct\.nii\.gz of case-0003 was"):
        run(store, tmp_path / "out", "monai")
    assert not (tmp_path / "out").exists()
