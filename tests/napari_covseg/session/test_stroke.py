from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from napari.layers import Labels

from napari_covseg._session.stroke import box_of_stroke, box_under_pointer

SHAPE = (5, 6, 7)
WHOLE = (slice(0, 5), slice(0, 6), slice(0, 7))


class TestBoxOfAStroke:
    def test_slices_and_arrays_are_understood(self):
        atoms = [
            ((slice(1, 2), slice(2, 4), slice(0, 3)), None),
            ((np.array([3]), np.array([1, 5]), np.array([6, 2])), None),
        ]
        assert box_of_stroke(atoms, SHAPE) == (slice(1, 4), slice(1, 6), slice(0, 7))

    def test_atoms_that_name_their_slices_are_understood(self):
        atom = SimpleNamespace(slice_key=(slice(4, 5), slice(0, 1), slice(2, 9)))
        assert box_of_stroke([atom], SHAPE) == (slice(4, 5), slice(0, 1), slice(2, 7))

    @pytest.mark.parametrize("told", [None, [], ["strange"], [(1, 2)], [((3,),)]])
    def test_anything_else_is_taken_for_all_of_the_mask(self, told):
        assert box_of_stroke(told, SHAPE) == WHOLE


class TestBoxUnderThePointer:
    @pytest.fixture
    def layer(self) -> Labels:
        """Slices 2 mm apart that begin at 100 mm."""
        return Labels(np.zeros(SHAPE, np.uint8), scale=(2, 1, 1), translate=(100, 0, 0))

    @staticmethod
    def pointer(slice_mm, displayed=(1, 2)):
        return SimpleNamespace(position=(slice_mm, 1, 1), dims_displayed=displayed)

    def test_flat_brush_touches_the_slice_on_screen(self, layer):
        box = box_under_pointer(layer, self.pointer(104.4), 0)
        assert box == (slice(2, 3), *WHOLE[1:])

    def test_round_brush_touches_slices_beside_it_as_far_as_there_are_any(self, layer):
        box = box_under_pointer(layer, self.pointer(106), 2)
        assert box == (slice(1, 5), *WHOLE[1:])

    def test_coronal_stroke_touches_one_row(self, layer):
        box = box_under_pointer(layer, self.pointer(104, displayed=(0, 2)), 0)
        assert box == (WHOLE[0], slice(1, 2), WHOLE[2])

    @pytest.mark.parametrize(("slice_mm", "only"), [(0, 0), (900, 4)])
    def test_pointer_beside_the_scan_is_taken_to_its_edge(self, layer, slice_mm, only):
        box = box_under_pointer(layer, self.pointer(slice_mm), 0)
        assert box[0] == slice(only, only + 1)
