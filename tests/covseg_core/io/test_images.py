from __future__ import annotations

import errno
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from covseg_core.errors import InputRefusedError, OutputError, UsageError
from covseg_core.io.images import list_slices, read_slice, write_mask_png

GREY = np.random.default_rng(0).integers(0, 256, (40, 30)).astype(np.uint8)
"""A slice of 40 rows and 30 columns."""


def save(path, pixels=GREY, **options):
    Image.fromarray(pixels).save(path, **options)
    return path


def png_that_claims(width, height):
    """A PNG header of any size, with hardly any pixels behind it."""

    def chunk(kind, body):
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    parts = chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "A.PNG"])
def test_grey_levels_are_read_as_they_are(tmp_path, name):
    read = read_slice(save(tmp_path / name))
    assert read.name == name
    assert read.grey.dtype == np.uint8
    np.testing.assert_array_equal(read.grey, GREY)


def test_a_jpeg_is_read(tmp_path):
    smooth = np.linspace(0, 255, 30, dtype=np.uint8)[None].repeat(40, axis=0)
    read = read_slice(save(tmp_path / "a.jpg", smooth, quality=95))
    assert np.abs(read.grey.astype(int) - smooth).max() < 8


def test_the_content_and_not_the_name_says_the_format(tmp_path):
    save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    np.testing.assert_array_equal(read_slice(tmp_path / "a.jpg").grey, GREY)


def test_equal_colour_channels_are_grey(tmp_path):
    read = read_slice(save(tmp_path / "a.png", np.dstack([GREY] * 3)))
    np.testing.assert_array_equal(read.grey, GREY)


def test_transparency_is_dropped(tmp_path):
    alpha = np.zeros_like(GREY)
    for name, pixels in {
        "rgba.png": np.dstack([GREY, GREY, GREY, alpha]),
        "la.png": np.dstack([GREY, alpha]),
    }.items():
        np.testing.assert_array_equal(
            read_slice(save(tmp_path / name, pixels)).grey, GREY
        )


def test_a_palette_of_greys_is_looked_up(tmp_path):
    image = Image.fromarray(np.array([[0, 1], [1, 0]], np.uint8), mode="L").convert("P")
    image.putpalette([10, 10, 10, 200, 200, 200])
    image.save(tmp_path / "p.png")
    np.testing.assert_array_equal(
        read_slice(tmp_path / "p.png").grey, [[10, 200], [200, 10]]
    )


def test_a_rotation_in_the_exif_data_is_ignored(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    read = read_slice(save(tmp_path / "a.jpg", exif=exif.tobytes()))
    assert read.grey.shape == GREY.shape


def test_a_coloured_picture_is_refused(tmp_path):
    marked = np.dstack([GREY] * 3)
    marked[5, 5] = (255, 0, 0)
    with pytest.raises(InputRefusedError, match=r"a\.png is in colour .* 255 levels"):
        read_slice(save(tmp_path / "a.png", marked))


def test_more_than_8_bits_are_refused(tmp_path):
    with pytest.raises(InputRefusedError, match="more than 8 bits per pixel"):
        read_slice(save(tmp_path / "a.png", GREY.astype(np.uint16) * 100))


@pytest.mark.parametrize("sides", [(5000, 10), (10, 5000), (12_000, 12_000)])
def test_giant_pictures_are_refused_before_they_are_decoded(
    tmp_path, sides, monkeypatch
):
    (tmp_path / "bomb.png").write_bytes(png_that_claims(*sides))
    monkeypatch.setattr(Image.Image, "convert", lambda *_: pytest.fail("decoded"))
    with pytest.raises(InputRefusedError, match="more than 4096 pixels along a side"):
        read_slice(tmp_path / "bomb.png")


def test_a_bomb_that_pillow_knows_is_refused(tmp_path):
    (tmp_path / "bomb.png").write_bytes(png_that_claims(60_000, 60_000))
    with pytest.raises(InputRefusedError, match="more than 4096 pixels along a side"):
        read_slice(tmp_path / "bomb.png")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.9])
def test_a_cut_picture_is_refused(tmp_path, name, share):
    path = save(tmp_path / name)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InputRefusedError, match=r"^a\..* (not a readable|cut)"):
        read_slice(path)


def test_damaged_pictures_are_refused_or_read_but_never_crash(tmp_path):
    rng = np.random.default_rng(3)
    n_refused, n_read = 0, 0
    for name in ("a.png", "a.jpg", "a.bmp"):
        whole = save(tmp_path / name).read_bytes()
        for _ in range(60):
            data = bytearray(whole)
            for _ in range(3):
                data[rng.integers(0, min(len(data), 200))] = rng.integers(0, 256)
            (tmp_path / name).write_bytes(data)
            try:
                n_read += read_slice(tmp_path / name).grey.ndim == 2
            except InputRefusedError:
                n_refused += 1
    assert n_read + n_refused == 180
    assert n_read
    assert n_refused


def test_other_formats_are_refused(tmp_path):
    with pytest.raises(InputRefusedError, match="not a readable PNG, JPEG or BMP"):
        read_slice(save(tmp_path / "a.gif"))


def test_a_missing_picture_is_named_without_its_folder(tmp_path):
    with pytest.raises(InputRefusedError, match=r"^none\.png does not exist\.$"):
        read_slice(tmp_path / "none.png")


def test_slices_are_listed_in_the_order_of_their_numbers(tmp_path):
    names = ["s10.png", "s9.PNG", "s1.jpg", "s2.jpeg", "S3.bmp"]
    for name in names:
        save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / ".s0.png").write_bytes(b"")
    (tmp_path / "s5.png").mkdir()
    assert [path.name for path in list_slices(tmp_path)] == [
        "s1.jpg",
        "s2.jpeg",
        "S3.bmp",
        "s9.PNG",
        "s10.png",
    ]


def test_a_link_that_leads_nowhere_is_a_slice_that_cannot_be_read(tmp_path):
    save(tmp_path / "s1.png")
    (tmp_path / "s2.png").symlink_to(tmp_path / "elsewhere.png")
    first, second = list_slices(tmp_path)
    assert read_slice(first).name == "s1.png"
    with pytest.raises(InputRefusedError, match=r"^s2\.png does not exist\.$"):
        read_slice(second)


def test_slices_of_something_else_than_a_folder_are_refused(tmp_path):
    with pytest.raises(InputRefusedError, match=r"a\.png is not a folder"):
        list_slices(save(tmp_path / "a.png"))


def test_a_written_mask_holds_the_labels_themselves(tmp_path):
    labels = np.random.default_rng(1).integers(0, 3, (7, 9)).astype(np.uint8)
    write_mask_png(tmp_path / "m.png", labels)
    with Image.open(tmp_path / "m.png") as image:
        assert image.mode == "L"
        np.testing.assert_array_equal(np.asarray(image), labels)


def test_a_part_of_an_array_is_written(tmp_path):
    volume = np.random.default_rng(1).integers(0, 3, (4, 7, 9)).astype(np.uint8)
    write_mask_png(tmp_path / "m.png", volume[:, 2, ::2])
    with Image.open(tmp_path / "m.png") as image:
        np.testing.assert_array_equal(np.asarray(image), volume[:, 2, ::2])


def test_a_full_disk_keeps_the_old_mask(tmp_path, monkeypatch):
    path = tmp_path / "m.png"
    write_mask_png(path, np.ones((3, 3), np.uint8))
    before = path.read_bytes()

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OutputError, match="disk is full"):
        write_mask_png(path, np.zeros((3, 3), np.uint8))
    assert path.read_bytes() == before


def test_a_mask_that_reads_back_differently_is_not_kept(tmp_path, monkeypatch):
    real_save = Image.Image.save
    other = Image.fromarray(np.zeros((3, 3), np.uint8))
    monkeypatch.setattr(
        Image.Image,
        "save",
        lambda _, path, **options: real_save(other, path, **options),
    )
    with pytest.raises(OutputError, match="read back differently"):
        write_mask_png(tmp_path / "m.png", np.ones((3, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "labels", [np.zeros((2, 2, 2), np.uint8), np.zeros((2, 2), np.int64)]
)
def test_something_else_than_a_slice_of_labels_is_refused(tmp_path, labels):
    with pytest.raises(UsageError, match=r"must be uint8 \(H, W\), got"):
        write_mask_png(tmp_path / "m.png", labels)


def test_a_mask_is_not_written_as_jpeg(tmp_path):
    with pytest.raises(UsageError, match=r"m\.jpg must end in \.png"):
        write_mask_png(tmp_path / "m.jpg", np.zeros((2, 2), np.uint8))


def test_real_slices_are_read(real_ct):
    for folder in ("slices_labelled/images", "slices_unlabelled"):
        paths = list_slices(real_ct / folder)
        assert len(paths) >= 50
        assert all(read_slice(path).grey.ndim == 2 for path in paths[:10])
