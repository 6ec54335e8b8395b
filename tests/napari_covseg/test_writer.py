from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest
from napari.layers import Layer

from covseg_core.errors import InputRefusedError
from covseg_core.io.nifti import write_nifti_labels
from napari_covseg._convert import mask_layer
from napari_covseg._writer import write_labels


def test_saved_mask_lies_on_the_file_that_was_read(turned, tmp_path):
    _, lesions = turned
    write_nifti_labels(tmp_path / "wanted.nii.gz", lesions)
    layer = Layer.create(*mask_layer(lesions, "Infection"))
    path = str(tmp_path / "mask.nii.gz")
    assert write_labels(path, layer.data, {"metadata": layer.metadata}) == [path]
    found, wanted = nib.load(path), nib.load(tmp_path / "wanted.nii.gz")
    np.testing.assert_array_equal(found.affine, wanted.affine)
    np.testing.assert_array_equal(found.dataobj, wanted.dataobj)


def test_saved_mask_has_each_lesion_at_its_place_in_the_patient(turned, tmp_path):
    _, lesions = turned
    layer = Layer.create(*mask_layer(lesions, "Infection"))
    write_labels(str(tmp_path / "mask.nii"), layer.data, {"metadata": layer.metadata})
    # nibabel says where the voxels lie, in RAS.
    image = nib.load(tmp_path / "mask.nii")
    dense = np.argwhere(np.asarray(image.dataobj) == 2).mean(axis=0)
    ras = nib.affines.apply_affine(image.affine, dense)
    lps = lesions.grid.world_mm(np.argwhere(lesions.labels == 2).mean(axis=0))
    np.testing.assert_allclose(ras * (-1, -1, 1), lps, atol=1e-3)


def test_napari_saves_a_mask_with_this_writer(make_napari_viewer, phantom, tmp_path):
    viewer = make_napari_viewer()
    data, arguments, _ = mask_layer(phantom.lesions, "Infection")
    layer = viewer.add_labels(data, **arguments)
    layer.paint((7, 20, 20), 2)
    path = tmp_path / "corrected.nii.gz"
    layer.save(str(path), plugin="napari-covseg")
    saved = np.asarray(nib.load(path).dataobj).T
    np.testing.assert_array_equal(saved, layer.data)
    assert saved[7, 20, 20] == 2


def test_mask_is_refused_while_a_run_writes_to_it(workplace, tmp_path):
    path = tmp_path / "half.nii.gz"
    workplace.editor.lock()
    with pytest.raises(InputRefusedError, match="not done"):
        write_labels(str(path), *workplace.mask.as_layer_data_tuple()[:2])
    assert not path.exists()
    workplace.editor.unlock()
    write_labels(str(path), *workplace.mask.as_layer_data_tuple()[:2])
    assert path.exists()


def test_mask_that_is_only_looked_at_as_it_was_is_saved(workplace, tmp_path):
    path = tmp_path / "whole.nii.gz"
    workplace.editor.lock("look")
    write_labels(str(path), *workplace.mask.as_layer_data_tuple()[:2])
    assert path.exists()


def test_layer_of_another_plugin_is_refused_and_nothing_is_written(tmp_path):
    path = tmp_path / "mask.nii.gz"
    with pytest.raises(InputRefusedError, match="not made on a scan opened by CovSeg"):
        write_labels(str(path), np.zeros((2, 2, 2), int), {"metadata": {}})
    assert not path.exists()
