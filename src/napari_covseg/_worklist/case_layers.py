"""The layers of the case in front, and which version each mask began with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_covseg._convert import facts_of
from napari_covseg._session.session import OpenCase
from napari_covseg._worklist.open_case import name_of_mask

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Layer

    from covseg_core.cases.record import MaskVersion
    from covseg_core.cases.store import CaseStore
    from covseg_core.io.mask_origin import MaskOrigin
    from napari_covseg._convert import LayerTuple
    from napari_covseg._session.session import Session
    from napari_covseg._worklist.open_case import ReadyCase

__all__ = ["CaseLayers"]


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

    @property
    def parent(self) -> int | None:
        """The version that the mask in front began with, None if with none."""
        editor = self._session.mask
        return None if editor is None else editor.parent_version

    @property
    def confidence(self) -> float | None:
        """How sure the model was that drew the mask in front."""
        editor = self._session.mask
        return None if editor is None else self._confidences.get(editor.layer)

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

    def keep(self, layer: Labels, version: MaskVersion) -> None:
        """Note that a mask was saved, so that the next one is made from it."""
        self._session.edit(layer).parent_version = version.number
        self._confidences[layer] = version.confidence
        if self._session.case is not None:
            layer.name = name_of_mask(self._session.case.case_id, version)

    @property
    def is_unsaved(self) -> bool:
        """Whether the case that is shown has edits that are in no file."""
        here = self._layers_here()
        return any(editor.layer in here for editor in self._session.unsaved)

    def clear(self) -> None:
        """Remove scan and masks; nobody is asked about unsaved edits."""
        here = self._layers_here()
        for editor in self._session.editors:
            if editor.layer in here:
                editor.mark_saved()
        for layer in reversed(here):
            self._session.viewer.layers.remove(layer)
        self._scan = None
        self._confidences.clear()

    def _layers_here(self) -> list[Layer]:
        """List the scan of the case, and all that lies on its grid."""
        layers = self._session.viewer.layers
        place = None if self._scan is None else facts_of(self._scan.metadata)
        if self._scan not in layers or place is None:
            return []
        return [
            layer
            for layer in layers
            if (facts := facts_of(layer.metadata)) and facts.grid.matches(place.grid)
        ]

    def _edit(
        self, made: LayerTuple, origin: MaskOrigin | None, number: int | None
    ) -> Labels:
        layer: Labels = self._add(made)
        self._session.edit(layer, origin).parent_version = number
        return layer

    def _add(self, made: LayerTuple) -> Any:
        data, arguments, kind = made
        return getattr(self._session.viewer, f"add_{kind}")(data, **arguments)
