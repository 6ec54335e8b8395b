"""What the workbench is working on: one scan, its mask and what is known of both."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from napari.layers import Image, Labels
from qtpy.QtCore import QObject, Signal

from covseg_core.errors import InputRefusedError
from covseg_core.labels import LUNGS
from covseg_core.transforms.orient import Orientation
from napari_covseg._convert import CTFacts, MaskFacts, ct_from_layer, facts_of
from napari_covseg._screen.once import once
from napari_covseg._session.autosave import Autosave
from napari_covseg._session.editor import MaskEditor
from napari_covseg._session.front import Front
from napari_covseg._session.heading import hash_of, header_of
from napari_covseg._session.known import Known
from napari_covseg._session.made_on import MadeOn

if TYPE_CHECKING:
    import numpy.typing as npt
    from napari.layers import Layer
    from napari.viewer import Viewer

    from covseg_core.editing.journal import JournalHeader
    from covseg_core.io.mask_origin import MaskOrigin
    from covseg_core.volume import CTVolume, LobeMask, LungMask
    from napari_covseg._session.known import OpenCase

__all__ = ["Session", "session_of"]


def session_of(viewer: Viewer) -> Session:
    """Give the one session of a viewer, which outlives a closed dock."""
    # napari hands a proxy of the viewer to plugins.
    viewer = getattr(viewer, "__wrapped__", viewer)
    if viewer not in _sessions:
        _sessions[viewer] = Session(viewer)
    return _sessions[viewer]


class Session(QObject):
    """One per viewer; every step of the workbench has it.

    A mask on the scan that becomes napari's active layer is the one in hand, so that
    what is painted on is what undo, limits, journal and export serve.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose layers are worked on.
    parent : QObject, optional
        Owner of the session.

    Attributes
    ----------
    scan_changed, mask_changed, lungs_changed, doubt_changed, case_changed : Signal
        Sent when there is another one, or none.
    mask_lost : Signal
        Sends the `MaskEditor` of a layer that was removed with unsaved edits.
    """

    scan_changed = Signal()
    mask_changed = Signal()
    lungs_changed = Signal()
    doubt_changed = Signal()
    case_changed = Signal()
    mask_lost = Signal(object)

    def __init__(self, viewer: Viewer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.viewer = viewer
        self._scan: Image | None = None
        self._mask: MaskEditor | None = None
        self._editors: dict[Labels, MaskEditor] = {}
        self._autosaves: dict[MaskEditor, Autosave] = {}
        self._made_on = MadeOn()
        self._known: dict[Layer | None, Known] = {}
        # Not at once: whoever adds a mask says first who drew it.
        self._following = once(self, self.take_active)
        self._front = Front(self)
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.layers.selection.events.active.connect(self._on_active)

    @property
    def scan(self) -> Image | None:
        """The layer of the CT; None if there is none."""
        return self._scan

    @property
    def mask(self) -> MaskEditor | None:
        """The mask that is corrected; None if there is none."""
        return self._mask

    @property
    def case(self) -> OpenCase | None:
        """The case of a store that the scan is; None if it is none."""
        return self._known_of(self._scan).case

    @property
    def lungs(self) -> LungMask | None:
        """The lungs of the scan; see `Known`, as of all below."""
        return self._known_of(self._scan).lungs

    @property
    def lobes(self) -> LobeMask | None:
        """The lobes of the scan."""
        return self._known_of(self._scan).lobes

    @property
    def doubt(self) -> tuple[float | None, ...] | None:
        """How unsure the model was of each slice, if it was asked."""
        return self._known_of(self._scan).doubt

    @property
    def doubt_picture(self) -> npt.NDArray[np.uint8] | None:
        """How unsure the model was of each voxel, if it was asked."""
        return self._known_of(self._scan).doubt_picture

    @property
    def editors(self) -> tuple[MaskEditor, ...]:
        """Every mask that was edited and is still in the viewer."""
        return tuple(self._editors.values())

    @property
    def unsaved(self) -> tuple[MaskEditor, ...]:
        """Every mask with edits that are in no file yet."""
        return tuple(editor for editor in self.editors if not editor.is_saved)

    def ct(self) -> CTVolume:
        """Give the scan in the standard orientation; its array is the layer's.

        Raises
        ------
        InputRefusedError
            If no scan is open.
        GeometryError
            If something changed the layer's shape.
        """
        if self._scan is None:
            raise InputRefusedError("no scan is open; open a chest CT first.")
        return ct_from_layer(self._scan.data, self._scan.metadata)

    def layers_in_turn(self) -> tuple[Layer, ...]:
        """Give all layers, the scan first."""
        front = () if self._scan is None else (self._scan,)
        return (*front, *self.viewer.layers)

    def choose_scan(self, layer: Image | None) -> None:
        """Work on another scan; its mask that was in hand last comes with it."""
        if layer is self._scan:
            return
        self._scan = layer
        self._inherit()
        self._turn_to_scan()

    def edit(self, layer: Labels, origin: MaskOrigin | None = None) -> MaskEditor:
        """Correct a mask from now on.

        Parameters
        ----------
        layer : Labels
            Made by CovSeg on the scan.
        origin : MaskOrigin, optional
            Who drew it; if not given, who drew the layer that this one is a copy of,
            or else a reader by hand.  Only the first call for a layer counts.

        Returns
        -------
        MaskEditor
            The same one for the same layer, with its undo history.

        Raises
        ------
        InputRefusedError
            If the layer was not made by CovSeg, is a copy of half a mask, or was made
            on another scan, though it may lie in the same place.
        """
        editor = self._editors.get(layer)
        if self._scan_of(layer) not in (None, self._scan):
            raise InputRefusedError(
                "this mask was made on another scan; choose that scan first, or open "
                "it again."
            )
        if editor is None:
            editor = self._new_editor(layer, origin)
        # The last one comes first when a scan is chosen, or a mask goes.
        self._editors.pop(layer, None)
        self._editors[layer] = editor
        self._following.stop()
        if editor is not self._mask:
            self._mask = editor
            self.mask_changed.emit()
        return editor

    def masks_here(self) -> tuple[Labels, ...]:
        """Give every mask of infection on the scan, as CovSeg made it."""
        return tuple(
            layer
            for layer in self.viewer.layers
            if isinstance(layer, Labels) and self._is_mask_here(layer)
        )

    def is_foreign(self, layer: Layer) -> bool:
        """Whether a layer is another scan, or a mask of another one."""
        facts = facts_of(layer.metadata)
        if isinstance(facts, CTFacts):
            return not facts.source.is_synthetic
        return isinstance(facts, MaskFacts) and (
            self._scan is None or self._scan_of(layer) is not self._scan
        )

    def take_active(self) -> None:
        """Correct the mask that is active in napari, if it lies on the scan."""
        layer = self.viewer.layers.selection.active
        if isinstance(layer, Labels) and self._is_mask_here(layer):
            self.edit(layer)

    def lungs_of(self, scan: Image) -> LungMask | None:
        """Give the lungs of any scan, in the standard orientation."""
        return self._known_of(scan).lungs

    def set_lungs(self, lungs: LungMask | None, scan: Image | None = None) -> None:
        """Remember the lungs of the scan, or of another, in the standard orientation.

        Nothing is ever remembered of a scan that is not in the viewer any more.
        """
        self._learn(scan, lungs=lungs)
        self.lungs_changed.emit()

    def set_lobes(self, lobes: LobeMask | None, scan: Image | None = None) -> None:
        """Remember the lobes of the scan, or of another; see `Known`."""
        self._learn(scan, lobes=lobes)
        self.lungs_changed.emit()

    def set_doubt(
        self,
        slices: tuple[float | None, ...] | None,
        picture: npt.NDArray[np.uint8] | None = None,
        scan: Image | None = None,
    ) -> None:
        """Remember how unsure a model was of the scan, or of another; see `Known`."""
        self._learn(scan, doubt=slices, doubt_picture=picture)
        self.doubt_changed.emit()

    def set_case(self, case: OpenCase | None) -> None:
        """Say which case of a store the scan is."""
        self._learn(case=case)
        self.case_changed.emit()

    def autosave_of(self, editor: MaskEditor) -> Autosave:
        """Give what writes the journal of an editor."""
        return self._autosaves[editor]

    def is_backed_up(self) -> bool:
        """Wait until the disk has every edit, or refuses one; gives whether it has."""
        return all(autosave.settle() for autosave in self._autosaves.values())

    def choose_scan_of(self, editor: MaskEditor) -> None:
        """Work on the scan that a mask lies on; if it was removed, it comes back."""
        scan = self._made_on.scan_of(editor.layer)
        if scan is not None:
            if scan not in self.viewer.layers:
                self.viewer.add_layer(scan)
            self.choose_scan(scan)

    def put_back(self, editor: MaskEditor) -> None:
        """Show a mask again whose layer was removed, with the scan that it lies on."""
        self.choose_scan_of(editor)
        self._editors[editor.layer] = editor
        editor.layer.visible = True
        self.viewer.add_layer(editor.layer)
        self.edit(editor.layer)

    def forget(self, editor: MaskEditor) -> None:
        """Give up a removed mask and its unsaved edits for good."""
        self._autosaves.pop(editor).drop()
        self._drop_facts(self._made_on.forget(editor.layer))
        editor.close()
        editor.deleteLater()

    def close(self, *, keep: bool) -> None:
        """End; journals of unsaved masks stay for the next start, or go."""
        self._following.stop()
        self._front.close()
        self.viewer.layers.selection.events.active.disconnect(self._on_active)
        for editor, autosave in self._autosaves.items():
            if keep and not editor.is_saved:
                editor.commit()
            else:
                autosave.drop()
            autosave.keep()
            # A timer that still runs may not be freed by another thread.
            editor.close()
        self._autosaves.clear()
        self._editors.clear()
        _sessions.pop(self.viewer, None)

    def _turn_to_scan(self) -> None:
        """Take the mask of the scan in hand, and tell everyone."""
        self._mask = self._last_mask()
        if self._mask is None:
            self._following.start()
        for changed in (
            self.scan_changed,
            self.mask_changed,
            self.lungs_changed,
            self.doubt_changed,
            self.case_changed,
        ):
            changed.emit()

    def _inherit(self) -> bool:
        """Take masks and facts over from removed layers that showed the same scan."""
        former = self._made_on.hand_over(self._scan, self.viewer.layers)
        for layer in former:
            known = self._known.pop(layer, Known())
            self._known[self._scan] = self._known_of(self._scan).filled_from(known)
        return bool(former)

    def _is_mask_here(self, layer: Labels) -> bool:
        """Whether a layer is a mask of infection on the scan, as CovSeg made it."""
        facts = facts_of(layer.metadata)
        return (
            isinstance(facts, MaskFacts)
            and facts.label_set.name != LUNGS.name
            and not self.is_foreign(layer)
            and (layer in self._editors or not facts.is_growing)
            and layer.data.shape == Orientation(facts.grid).standard_grid.shape
            and layer.data.dtype == np.uint8
        )

    def _new_editor(self, layer: Labels, origin: MaskOrigin | None) -> MaskEditor:
        facts = facts_of(layer.metadata)
        if not isinstance(facts, MaskFacts):
            raise InputRefusedError(
                "this layer was not made on a scan of CovSeg, so its place in the "
                "patient is unknown; outline the scan with CovSeg and edit that mask."
            )
        if facts.is_growing:
            raise InputRefusedError(
                "this is a copy of a mask whose outline was not done, so part of it is "
                "missing; copy that mask again once it is done."
            )
        editor = MaskEditor(layer, origin, self)
        self._made_on.note(layer, self._scan_of(layer))
        # Asked when a journal begins, as the scan may be another layer by then.
        self._autosaves[editor] = Autosave(
            editor,
            lambda: self._header_of(editor),
            lambda: hash_of(self._made_on.scan_of(layer)),
        )
        return editor

    def _header_of(self, editor: MaskEditor) -> JournalHeader:
        scan = self._made_on.scan_of(editor.layer)
        return header_of(editor, scan, self._known_of(scan).case)

    def _scan_of(self, layer: Labels) -> Image | None:
        return self._made_on.find(layer, self.layers_in_turn())

    def _last_mask(self) -> MaskEditor | None:
        editors = reversed(self._editors.values())
        here = (
            each for each in editors if self._made_on.scan_of(each.layer) is self._scan
        )
        return next(here, None)

    def _known_of(self, scan: Layer | None) -> Known:
        return self._known.get(scan, Known())

    def _learn(self, scan: Image | None = None, **facts: Any) -> None:
        scan = scan or self._scan
        if scan is not None and scan in self.viewer.layers:
            self._known[scan] = replace(self._known_of(scan), **facts)

    def _on_active(self, event: object) -> None:
        self._following.start()

    def _on_removed(self, event: object) -> None:
        layer: Layer = event.value  # type: ignore[attr-defined]
        if layer in self._editors:
            self._lose(self._editors.pop(layer))
        self._drop_facts(layer)
        if layer is self._scan:
            self.choose_scan(None)
        elif self._inherit():
            self._turn_to_scan()

    def _drop_facts(self, layer: Layer | None) -> None:
        """Forget what is known of a scan, unless a mask may bring it back."""
        if layer not in self.viewer.layers and not self._made_on.has_masks(layer):
            self._known.pop(layer, None)

    def _lose(self, editor: MaskEditor) -> None:
        if editor is self._mask:
            self._mask = self._last_mask()
            self.mask_changed.emit()
        if editor.is_saved:
            self.forget(editor)
        else:
            self.mask_lost.emit(editor)


_sessions: WeakKeyDictionary[Viewer, Session] = WeakKeyDictionary()
