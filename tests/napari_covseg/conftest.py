"""A small chest with known volumes, a small network, and a way to wait for a run."""

from __future__ import annotations

import shutil
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from napari import settings
from napari.components import ViewerModel
from npe2 import PluginManager
from qtpy.QtCore import QCoreApplication, QEvent

from covseg_core.phantom import Phantom, make_block_phantom
from covseg_core.registry.card import ModelCard
from covseg_core.registry.store import find_model
from covseg_core.transforms.prepare import Prepare
from covseg_core.volume import CTVolume, Grid, LesionMask
from napari_covseg._convert import ct_layer, mask_layer
from napari_covseg._session.session import Session

TURNS = {
    "standard": ((0, 1, 2), (1, 1, 1)),
    "head first": ((0, 1, 2), (-1, 1, 1)),
    "left first": ((0, 1, 2), (1, 1, -1)),
    "sagittal": ((2, 0, 1), (1, -1, -1)),
    "coronal": ((1, 0, 2), (-1, -1, 1)),
}


@pytest.fixture(scope="session", autouse=True)
def _without_triton():
    """Let a test import torch beside a window; the plugin itself never does.

    Software drivers of OpenGL load LLVM, and triton's own would end the process.
    """
    sys.modules.setdefault("triton", None)


@pytest.fixture(scope="session", autouse=True)
def _no_preferences_of_the_user(tmp_path_factory):
    """Preferences of the tests' own, so that no test sees the user's."""
    PluginManager.instance().discover()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "_PLUGIN_SETTINGS", {})
        settings.get_plugin_settings(path_dir=tmp_path_factory.mktemp("preferences"))
        yield


@pytest.fixture(autouse=True)
def _no_session_left(monkeypatch):
    """Close every session of a test, and free its Qt objects in their own thread."""
    begin, begun = Session.__init__, []

    def remember(session, *arguments, **named):
        begun.append(session)
        begin(session, *arguments, **named)

    monkeypatch.setattr(Session, "__init__", remember)
    yield
    for session in begun:
        session.close(keep=False)
        session.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture(scope="session")
def phantom() -> Phantom:
    """Boxes with 50 ml opacity in the right lung, 20 ml consolidation in the left."""
    return make_block_phantom()


@pytest.fixture(params=TURNS, ids=lambda name: name.replace(" ", "-"))
def turned(request, phantom) -> tuple[CTVolume, LesionMask]:
    """The same chest stored in another voxel order, on an oblique grid."""
    axes, signs = TURNS[request.param]
    grid = _turned_grid(_tilted(phantom.grid), axes, signs)
    return (
        CTVolume(_turned(phantom.ct.hu, axes, signs), grid),
        LesionMask(_turned(phantom.lesions.labels, axes, signs), grid),
    )


@pytest.fixture
def workplace(qapp, phantom):
    """A viewer without a window, and a session that corrects the phantom's mask.

    The opacity is on slices 6 to 10, rows 25 to 34 and columns 20 to 29, the
    consolidation on slices 7 to 10, rows 28 to 32 and columns 73 to 82.
    """
    viewer = ViewerModel()
    scan = viewer.add_image(**_as_arguments(ct_layer(phantom.ct, "CT")))
    mask = viewer.add_labels(**_as_arguments(mask_layer(phantom.lesions, "Infection")))
    session = Session(viewer)
    session.choose_scan(scan)
    editor = session.edit(mask)
    yield SimpleNamespace(
        viewer=viewer, session=session, scan=scan, mask=mask, editor=editor
    )
    session.close(keep=False)


def _as_arguments(made):
    data, arguments, _ = made
    return {"data": data, **arguments}


@pytest.fixture
def network_model(covseg_home, _network_folder):
    """A small Inf-Net with random weights in the test's model store."""
    folder = covseg_home / "models" / _network_folder.name
    shutil.copytree(_network_folder, folder)
    return find_model(folder.name)


@pytest.fixture(scope="session")
def _network_folder(tmp_path_factory):
    import torch

    from covseg_core.models import create_model
    from covseg_core.registry.weights import save_model

    arguments = {
        "backbone": "regnety_002",
        "ra_channels": (16, 16, 16),
        "channels": 8,
        "edge_channels": 8,
    }
    card = ModelCard(
        name="random-infnet",
        summary="A network that was never trained.",
        architecture="infnet",
        arguments=arguments,
        label_set="infection",
        prepare=Prepare(size=64),
        threshold=0.3,
    )
    torch.manual_seed(3)
    state = create_model(card.architecture, **arguments).state_dict()
    return save_model(tmp_path_factory.mktemp("x") / card.name, card, state).folder


def _tilted(grid: Grid) -> Grid:
    """Turn a grid by five degrees about the patient's long axis."""
    angle = np.deg2rad(5)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return Grid(grid.shape, turn @ grid.affine_lps)


def _turned(array, axes, signs):
    flips = tuple(slice(None, None, sign) for sign in signs)
    return np.ascontiguousarray(array.transpose(axes)[flips])


def _turned_grid(grid: Grid, axes, signs) -> Grid:
    """Place the array of `_turned`; its voxels stay where they were."""
    shape = tuple(grid.shape[axis] for axis in axes)
    affine = np.eye(4)
    start = np.zeros(3)
    for new, (old, sign) in enumerate(zip(axes, signs, strict=True)):
        # Columns of an affine go x, y, z while arrays go z, y, x.
        affine[:3, 2 - new] = sign * grid.affine_lps[:3, 2 - old]
        start[old] = grid.shape[old] - 1 if sign < 0 else 0
    affine[:3, 3] = grid.world_mm(start)
    return Grid(shape, affine)
