from __future__ import annotations

import json

import nibabel as nib
import pytest
from PIL import Image

from covseg_core.cli import demo as module
from covseg_core.io.dicom.write import write_dicom_series
from covseg_core.phantom import PhantomSettings, make_phantom


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A coarse chest and the baseline in place of the bundled network."""
    small = PhantomSettings(slices=24, slice_mm=10.0, pixels=96, pixel_mm=3.8)
    monkeypatch.setattr(module, "make_phantom", lambda: make_phantom(small))
    monkeypatch.setattr(module, "DEFAULT_MODEL", "hu-threshold")


def test_the_demo_leaves_mask_report_and_picture_in_a_folder_it_was_run_in_before(
    covseg, tmp_path
):
    out = tmp_path / "demo"
    write_dicom_series(module.make_phantom().ct, out / "ct")
    for name in ("mask.nii.gz", "report.pdf", "severity.json"):
        (out / name).write_text("of an earlier run")
    answer = covseg("demo", "-o", out)
    assert answer.code == 0
    assert answer.err == ""
    assert {path.name for path in out.iterdir()} == {
        "ct",
        "mask.json",
        "mask.nii.gz",
        "overlay.png",
        "report.html",
        "report.pdf",
        "severity.json",
    }
    assert nib.load(out / "mask.nii.gz").shape == (96, 96, 24)
    report = json.loads((out / "severity.json").read_text())
    share = report["opacity"]["both"]["percent_opacity"]
    assert 2 < share < 40
    assert report["model"]["name"] == "hu-threshold"
    assert report["model"]["licence"]
    assert report["scores"]["ct_ss"]["maximum"] == 40
    assert f"{share:8.1f} %" in answer.out
    assert " ml true" in answer.out
    with Image.open(out / "overlay.png") as picture:
        assert picture.format == "PNG"
