"""The layers of the case in front, and which version each mask began with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_covseg._session.known import OpenCase
from napari_covseg._worklist.open_case import name_of_mask

if TYPE_CHECKING:
    import numpy.typing as npt
    from napari.layers import Image, Labels

    from covseg_core.cases.record import MaskVersion
    from covseg_core.cases.store import CaseStore
    from covseg_core.io.mask_origin import MaskOrigin
    from napari_covseg._convert import LayerTuple
    from napari_covseg._session.editor import MaskEditor
    from napari_covseg._session.session import Session
    from napari_covseg._worklist.open_case import ReadyCase

__all__ = ["CaseLayers"]

_Work = tuple["npt.NDArray[np.uint8]", frozenset[int]]


class CaseLayers:
    """Shows one case at a time.

    Parameters
    ----------
    session : Session
        Gets scan, mask, lungs and case.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._scan: Image | None = None
        self._confidences: dict[Labels, float | None] = {}
        self._masks: set[MaskEditor] = set()
        self._given_up: dict[MaskEditor, _Work] = {}
        session.mask_changed.connect(self._take_in)

    def confidence(self, editor: MaskEditor) -> float | None:
        """Tell how sure the model was that drew a mask."""
        return self._confidences.get(editor.layer)

    def show(self, ready: ReadyCase, store: CaseStore) -> None:
        """Show a case in place of the one before."""
        self.clear()
        number = ready.version.number if ready.version else None
        self._scan = self._add(ready.scan)
        self._session.choose_scan(self._scan)
        self._session.set_case(OpenCase(store, ready.record.case_id))
        if ready.lungs is not None:
            self._session.set_lungs(ready.lungs)
        layer = self._edit(ready.mask, ready.origin, number)
        self._confidences[layer] = ready.confidence

    def show_version(
        self, version: MaskVersion, made: LayerTuple, origin: MaskOrigin
    ) -> None:
        """Show another mask on the scan in front; the one before is put away."""
        editor = self._session.mask
        if editor is not None:
            editor.layer.visible = False
        self._edit(made, origin, version.number)

    def keep(self, editor: MaskEditor, case_id: str, version: MaskVersion) -> None:
        """Note that a mask was saved, so that the next one is made from it."""
        editor.parent_version = version.number
        self._confidences[editor.layer] = version.confidence
        editor.layer.name = name_of_mask(case_id, version)

    def bring_to_front(self) -> None:
        """Choose the scan that unsaved masks of the case lie on, removed or not."""
        for editor in self.find_unsaved():
            self._session.choose_scan_of(editor)

    def find_unsaved(self) -> tuple[MaskEditor, ...]:
        """List the masks of the case with edits in no file that are not given up."""
        for editor in self._session.editors:
            editor.commit()
        return tuple(
            editor
            for editor in self._masks_here()
            if not editor.is_saved and not self._is_given_up(editor)
        )

    def give_up(self) -> None:
        """Let the unsaved edits go with the case; edits from now on count again."""
        for editor in self.find_unsaved():
            self._given_up[editor] = editor.kept.copy(), editor.checked

    def take_back(self) -> None:
        """Give nothing up after all, as the case is still there."""
        self._given_up.clear()

    def clear(self) -> None:
        """Remove scan and masks; only what was given up goes for good."""
        for editor in filter(self._is_given_up, self._session.editors):
            editor.mark_saved()
        layers = self._session.viewer.layers
        for editor in self._masks_here():
            layers.remove(editor.layer)
        if self._scan in layers:
            layers.remove(self._scan)
        self._scan = None
        self._confidences.clear()
        self._masks.clear()
        self._given_up.clear()

    def _take_in(self) -> None:
        """Count a mask to the case once it is in front together with the scan."""
        # Another scan may lie on the same grid, and have masks of its own.
        editor = self._session.mask
        if editor is not None and self._session.scan is self._scan:
            self._masks.add(editor)

    def _is_given_up(self, editor: MaskEditor) -> bool:
        if editor not in self._given_up:
            return False
        kept, checked = self._given_up[editor]
        return editor.checked == checked and np.array_equal(editor.kept, kept)

    def _masks_here(self) -> list[MaskEditor]:
        """List the masks of the case, though its scan may have been removed."""
        return [each for each in self._session.editors if each in self._masks]

    def _edit(
        self, made: LayerTuple, origin: MaskOrigin | None, number: int | None
    ) -> Labels:
        layer: Labels = self._add(made)
        self._session.edit(layer, origin).parent_version = number
        return layer

    def _add(self, made: LayerTuple) -> Any:
        data, arguments, kind = made
        return getattr(self._session.viewer, f"add_{kind}")(data, **arguments)
