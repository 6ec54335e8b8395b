from __future__ import annotations

import importlib.metadata
import os

from covseg_core.cli import doctor as module


def test_findings_are_told_as_json(covseg, covseg_home):
    answer = covseg("doctor", "--json")
    assert answer.code == 0
    assert answer.err == ""
    findings = {each["what"]: each for each in answer.json}
    assert {"covseg", "python", "torch", "models", "Qt", "openvino"} <= set(findings)
    assert findings["torch"]["ok"]
    assert "hu-threshold" in findings["models"]["detail"]
    assert findings["DICOM JPEG 2000"]["ok"]


def test_what_is_missing_is_told_with_the_way_to_get_it(covseg, monkeypatch):
    known = importlib.metadata.version

    def version(package):
        if package in ("openvino", *module.QT_BINDINGS):
            raise importlib.metadata.PackageNotFoundError(package)
        return known(package)

    monkeypatch.setattr(module, "version", version)
    lines = covseg("doctor").out.splitlines()
    (openvino,) = (i for i, line in enumerate(lines) if " openvino " in line)
    assert lines[openvino].startswith("missing")
    assert 'pip install "napari-covseg[openvino]"' in lines[openvino + 1]
    (qt,) = (i for i, line in enumerate(lines) if " Qt " in line)
    assert lines[qt].startswith("missing")
    assert "pip install PyQt6" in lines[qt + 1]


def test_a_store_that_is_not_made_yet_still_has_a_disk(covseg, monkeypatch, tmp_path):
    monkeypatch.setenv("COVSEG_HOME", str(tmp_path / "not" / "yet"))
    findings = {each["what"]: each for each in covseg("doctor", "--json").json}
    assert findings["free space for models"]["detail"].endswith(" GB")
    assert findings["folder for models"]["ok"]


def test_a_store_that_is_a_file_is_told(covseg, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("COVSEG_HOME", str(tmp_path / "file"))
    findings = {each["what"]: each for each in covseg("doctor", "--json").json}
    assert not findings["folder for models"]["ok"]
    assert findings["folder for models"]["detail"] == "'file' is a file"


def test_a_store_that_cannot_be_written_is_told(covseg, covseg_home, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    findings = {each["what"]: each for each in covseg("doctor", "--json").json}
    detail = findings["folder for models"]["detail"]
    assert detail == f"'{covseg_home.name}' is write-protected"


def test_damaged_models_are_told(covseg, covseg_home, tiny_model):
    folder = covseg_home / "models" / tiny_model
    (folder / "weights.safetensors").write_bytes(b"cut")
    (covseg_home / "models" / "bad").mkdir()
    (covseg_home / "models" / "bad" / "card.json").write_text("{}")
    answer = covseg("doctor", "--json")
    assert answer.code == 0
    details = [each["detail"] for each in answer.json if not each["ok"]]
    (bad,) = (detail for detail in details if "'bad'" in detail)
    (cut,) = (detail for detail in details if f"'{tiny_model}'" in detail)
    assert "is left out" in bad
    assert "changed or cut" in cut
    (models,) = (each for each in answer.json if each["what"] == "models")
    assert tiny_model not in models["detail"].split(", ")
