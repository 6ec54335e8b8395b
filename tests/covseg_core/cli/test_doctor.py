from __future__ import annotations

import importlib.metadata

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
