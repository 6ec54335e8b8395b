from __future__ import annotations


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
    assert line.startswith(f"covseg: 1 problems in {name}. ")
    answer = covseg("cases", "verify", filled, "--json")
    assert answer.code == 3
    assert answer.json["problems"] == [
        {
            "case": "case-0001",
            "file": name,
            "what": "was changed after it was recorded",
        }
    ]


def test_a_changed_identity_is_named(refused, filled):
    path = filled / "store.json"
    path.write_text(path.read_text().replace('"salt": "', '"salt": "0'))
    assert "store.json of the case store store" in refused(3, "cases", "verify", filled)
