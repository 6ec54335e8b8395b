from __future__ import annotations

import shutil


def test_a_sound_store_passes(covseg, filled):
    answer = covseg("cases", "verify", filled)
    assert (answer.code, answer.out) == (0, "1 cases, every byte as recorded\n")
    document = covseg("cases", "verify", filled, "--json").json
    assert document == {"cases": 1, "problems": []}


def test_a_changed_byte_is_named(covseg, refused, filled):
    path = filled / "case-0001" / "masks" / "v0001_manual.nii.gz"
    content = bytearray(path.read_bytes())
    content[30] ^= 4
    path.write_bytes(content)
    name = "case-0001/masks/v0001_manual.nii.gz"
    line = refused(3, "cases", "verify", filled)
    assert line == f"covseg: 1 problems. Put back from a backup: {name}.\n"
    answer = covseg("cases", "verify", filled, "--json")
    assert answer.code == 3
    assert answer.json["problems"] == [
        {
            "case": "case-0001",
            "file": name,
            "what": "was changed after it was recorded",
        }
    ]


def test_strange_and_unfinished_files_are_not_to_be_put_back(refused, filled):
    masks = filled / "case-0001" / "masks"
    shutil.copy(masks / "v0001_manual.nii.gz", masks / "v0002_manual.nii.gz")
    for number in range(6):
        (masks / f"notes{number}.txt").touch()
    (filled / "nnunet" / "imagesTr").mkdir(parents=True)
    assert refused(3, "cases", "verify", filled) == (
        "covseg: 8 problems. Move out of the store: case-0001/masks/notes0.txt, "
        "case-0001/masks/notes1.txt, case-0001/masks/notes2.txt, "
        "case-0001/masks/notes3.txt, case-0001/masks/notes4.txt and 2 more. "
        "Save to the case again for: case-0001/masks/v0002_manual.nii.gz.\n"
    )


def test_a_changed_identity_is_named(refused, filled):
    path = filled / "store.json"
    path.write_text(path.read_text().replace('"salt": "', '"salt": "0'))
    assert "store.json of the case store store" in refused(3, "cases", "verify", filled)
