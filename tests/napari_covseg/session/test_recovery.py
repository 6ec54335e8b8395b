from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Points

from covseg_core.cases.store import CaseStore
from covseg_core.editing.journal import is_in_use
from covseg_core.editing.recover import read_journal
from covseg_core.errors import InputRefusedError
from covseg_core.io.mask_origin import MaskOrigin
from covseg_core.io.nifti import write_nifti_ct
from covseg_core.labels import LESIONS
from covseg_core.registry.home import recovery_folder
from covseg_core.transforms.orient import standardise_ct
from napari_covseg._convert import blank_mask_layer, ct_layer
from napari_covseg._files.open import open_path
from napari_covseg._session.known import OpenCase
from napari_covseg._session.recovery import bring_back, find_left_behind, open_scan_of
from napari_covseg._session.session import Session


@pytest.fixture
def session(qapp) -> Session:
    """The session of the day after."""
    session = Session(ViewerModel())
    yield session
    session.close(keep=False)


@pytest.fixture
def chest(tmp_path, phantom):
    write_nifti_ct(tmp_path / "chest.nii.gz", phantom.ct)
    return tmp_path / "chest.nii.gz"


@pytest.fixture
def store(tmp_path, phantom) -> CaseStore:
    store = CaseStore.create(tmp_path / "cases")
    store.add_case(phantom.ct, case_id="case-0001", allow_synthetic=True)
    return store


def end_of(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def add(session, made):
    data, arguments, kind = made
    return getattr(session.viewer, f"add_{kind}")(data, **arguments)


def work(scan, case=None, ticked=(), origin=None, version=None):
    """Paint on a scan in a session that ends without saving; gives the mask."""
    session = Session(ViewerModel())
    layer = add(session, scan)
    session.choose_scan(layer)
    session.set_case(case)
    blank = blank_mask_layer(layer.metadata, LESIONS, "Infection")
    editor = session.edit(add(session, blank), origin)
    editor.parent_version = version
    painted = np.zeros_like(editor.labels)
    painted[4, 10:20, 10:20] = 1
    painted[5, 10:14, 10:20] = 2
    editor.apply("Brush", painted)
    editor.tick(frozenset(ticked))
    session.close(keep=True)
    return painted


def crash(session):
    """End without a word; the journal is let go as the system does."""
    for editor in session.editors:
        session.autosave_of(editor).flush()
    session.close(keep=True)


def opened(path):
    return open_path(path).layer


class TestFinding:
    def test_nothing_was_left_behind(self, qapp):
        assert end_of(find_left_behind()) == ()

    def test_corrections_are_described(self, chest, phantom):
        painted = work(opened(chest))
        (left,) = end_of(find_left_behind())
        np.testing.assert_array_equal(left.recovered.labels, painted)
        assert left.slice_number == 4
        np.testing.assert_array_equal(left.picture, painted[4])
        assert left.volumes_ml == pytest.approx(
            {
                "Ground-glass opacity": 100 * phantom.grid.voxel_ml,
                "Consolidation": 40 * phantom.grid.voxel_ml,
            }
        )
        assert left.grid.matches(phantom.grid)

    def test_newest_comes_first(self, chest):
        for _ in range(3):
            work(opened(chest))
        found = [left.recovered.path.name for left in end_of(find_left_behind())]
        assert len(found) == 3
        assert found == sorted(found, reverse=True)

    def test_mask_that_somebody_edits_now_is_none(self, session, chest):
        session.choose_scan(add(session, opened(chest)))
        blank = blank_mask_layer(session.scan.metadata, LESIONS, "Infection")
        editor = session.edit(add(session, blank))
        editor.apply("Brush", np.ones_like(editor.labels))
        session.autosave_of(editor).flush()
        assert end_of(find_left_behind()) == ()

    def test_file_that_is_no_journal_is_passed_over_and_stays(self, chest):
        work(opened(chest))
        broken = recovery_folder() / "99999999T000000-broken.journal"
        broken.write_bytes(b"torn")
        assert len(end_of(find_left_behind())) == 1
        assert broken.exists()

    def test_discarded_ones_are_gone(self, chest):
        work(opened(chest))
        (left,) = end_of(find_left_behind())
        left.discard()
        assert end_of(find_left_behind()) == ()
        assert list(recovery_folder().iterdir()) == []


class TestTheScan:
    def test_scan_is_read_from_where_it_was(self, chest, phantom):
        work(opened(chest))
        (left,) = end_of(find_left_behind())
        data, _, kind = end_of(open_scan_of(left))
        assert kind == "image"
        np.testing.assert_array_equal(data, phantom.ct.hu)

    def test_scan_that_is_open_is_not_read_again(self, chest, phantom):
        work(opened(chest))
        chest.unlink()
        (left,) = end_of(find_left_behind())
        data, arguments, _ = ct_layer(phantom.ct, "CT")
        scan, other = Image(data, **arguments), Image(data + 1, **arguments)
        assert end_of(open_scan_of(left, (other, scan))) is scan

    def test_layers_that_are_no_scans_are_passed_over(self, chest, phantom):
        work(opened(chest))
        (left,) = end_of(find_left_behind())
        data, arguments, _ = ct_layer(phantom.ct, "CT")
        projected = Image(data.max(axis=0), metadata=arguments["metadata"])
        shown = (Points(np.zeros((1, 3))), Image(data), projected)
        assert end_of(open_scan_of(left, shown))[2] == "image"

    def test_scan_that_is_gone_is_told(self, chest):
        work(opened(chest))
        chest.unlink()
        (left,) = end_of(find_left_behind())
        with pytest.raises(InputRefusedError, match="not where it was, or has changed"):
            end_of(open_scan_of(left))

    def test_scan_that_has_changed_is_told(self, chest, phantom):
        work(opened(chest))
        chest.unlink()
        changed = type(phantom.ct)(phantom.ct.hu + 1, phantom.ct.grid)
        write_nifti_ct(chest, changed)
        (left,) = end_of(find_left_behind())
        with pytest.raises(InputRefusedError, match="not where it was, or has changed"):
            end_of(open_scan_of(left))

    def test_scan_of_a_case_is_read_from_its_store(self, store, phantom):
        case = OpenCase(store, "case-0001")
        work(ct_layer(phantom.ct, "CT"), case)
        (left,) = end_of(find_left_behind())
        data, arguments, _ = end_of(open_scan_of(left))
        np.testing.assert_array_equal(data, phantom.ct.hu)
        assert arguments["name"] == "case-0001"


class TestBringingBack:
    def recover(self, session):
        (left,) = end_of(find_left_behind())
        bring_back(session, left, add(session, end_of(open_scan_of(left))))
        return left

    @pytest.mark.parametrize("ticked", [(), (4, 5)], ids=["", "ticked"])
    def test_mask_is_back_and_unsaved(self, session, chest, ticked, qtbot):
        painted = work(opened(chest), ticked=ticked)
        left = self.recover(session)
        editor = session.mask
        np.testing.assert_array_equal(editor.labels, painted)
        assert editor.layer.name == "Infection (recovered)"
        assert not editor.is_saved
        assert editor.checked == set(ticked)
        qtbot.waitUntil(lambda: not left.recovered.path.exists())
        (path,) = recovery_folder().glob("*.journal")
        assert is_in_use(path)

    @pytest.mark.parametrize("turned", ["sagittal"], indirect=True)
    def test_oblique_scan_gets_its_mask_in_the_right_place(
        self, session, tmp_path, turned
    ):
        ct, _ = turned
        write_nifti_ct(tmp_path / "turned.nii.gz", ct)
        painted = work(opened(tmp_path / "turned.nii.gz"))
        self.recover(session)
        np.testing.assert_array_equal(session.mask.labels, painted)
        assert session.mask.facts.grid.matches(ct.grid)

    def test_scan_in_another_order_of_voxels_gets_its_mask_in_the_right_place(
        self, session, tmp_path, turned
    ):
        ct, _ = turned
        path = tmp_path / "standard.nii.gz"
        write_nifti_ct(path, standardise_ct(ct))
        painted = work(opened(path))
        path.unlink()
        (left,) = end_of(find_left_behind())
        write_nifti_ct(path.with_name("turned.nii.gz"), ct)
        scan = add(session, opened(path.with_name("turned.nii.gz")))
        assert end_of(open_scan_of(left, session.viewer.layers)) is scan
        bring_back(session, left, scan)
        np.testing.assert_array_equal(session.mask.labels, painted)
        assert session.mask.facts.grid.matches(ct.grid)

    def test_second_crash_loses_nothing(self, session, chest, qtbot):
        painted = work(opened(chest), ticked=(4,))
        left = self.recover(session)
        qtbot.waitUntil(lambda: not left.recovered.path.exists())
        crash(session)
        (again,) = end_of(find_left_behind())
        np.testing.assert_array_equal(again.recovered.labels, painted)
        assert again.recovered.checked == (4,)

    def test_case_is_the_one_it_was_even_after_a_second_crash(
        self, session, store, phantom, qtbot
    ):
        work(ct_layer(phantom.ct, "CT"), OpenCase(store, "case-0001"), version=2)
        left = self.recover(session)
        assert session.case.case_id == "case-0001"
        assert session.mask.parent_version == 2
        qtbot.waitUntil(lambda: not left.recovered.path.exists())
        crash(session)
        (path,) = recovery_folder().glob("*.journal")
        header = read_journal(path).header
        assert (header.case_id, header.version) == ("case-0001", 2)

    @pytest.mark.parametrize(
        ("drawn", "then"), [("model", "edited"), ("manual", "manual")]
    )
    def test_who_drew_the_mask_is_known(self, session, chest, drawn, then):
        work(opened(chest), origin=MaskOrigin(drawn, "infnet-small", "ab"))
        self.recover(session)
        assert session.mask.origin == MaskOrigin(then, "infnet-small", "ab")
