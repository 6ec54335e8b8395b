"""Choose what to save and in which format, as far as that is possible now."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from covseg_core.errors import UsageError
from covseg_core.io import is_nifti
from covseg_core.io.dicom.source_series import require_dicom
from covseg_core.io.mask_formats import FORMATS, FormatName, MaskFormat
from napari_covseg._convert import CTFacts, facts_of
from napari_covseg._processes.worker import Failed
from napari_covseg._screen.rows import add_row, form_rows
from napari_covseg._session.editor import GROWING
from napari_covseg.widgets._choices import Choices
from napari_covseg.widgets._run_panel import wrapped_label

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.volume import Source
    from napari_covseg._files.export import Content, ReportName
    from napari_covseg._session.editor import MaskEditor
    from napari_covseg._session.session import Session

__all__ = ["ExportForm"]

_CONTENTS = (
    ("mask", "Infection", "The mask that is being corrected."),
    ("lungs", "Lungs", "The right and the left lung; found now if nobody has yet."),
    ("both", "Infection and lungs", "Both in one file."),
    (
        "report",
        "Severity report",
        "Scores, volumes and shares of the lungs, with key images.",
    ),
)
_REPORTS = (
    ("pdf", "PDF", "Two pages with key images, scores and methods. No patient data."),
    ("html", "Web page", "The same as one file for a browser. No patient data."),
    ("json", "JSON", "All figures for programs. No patient data."),
    ("csv", "CSV", "All figures in one row, for a table of many. No patient data."),
    (
        "dicom",
        "DICOM for a PACS",
        "A folder with segmentation, structured report (TID 1500) and the PDF; they "
        "name the patient as the scan does, so that a PACS can file them.",
    ),
)
_NO_SCAN = "Open a chest CT first; it is a mask of a scan that is saved."
_NO_MASK = "There is no mask yet: outline the scan or begin an empty mask."
_SYNTHETIC = (
    "This scan is synthetic: a model made it. What-if saves it, marked as such; masks "
    "of it are not handed on."
)


class ExportForm(QWidget):
    """Two boxes and a line about the choice.

    Parameters
    ----------
    session : Session
        Knows the scan and its masks.
    parent : QWidget, optional
        Owner of the form.

    Attributes
    ----------
    changed : Signal
        Sent when something else is chosen or possible.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._mask: MaskEditor | None = None
        self.contents = Choices(_CONTENTS, "What to save.")
        self.formats = Choices(
            [(each.name, each.title, each.help) for each in FORMATS.values()],
            "In which format.",
        )
        self.reports = Choices(_REPORTS, "In which format.")
        self.about = wrapped_label("faint")
        self._rows = form_rows(self)
        for title, box in (
            ("Save", self.contents),
            ("As", self.formats),
            ("As", self.reports),
        ):
            add_row(self._rows, title, box)
            box.currentIndexChanged.connect(self.refresh)
        self._rows.addRow(self.about)
        session.scan_changed.connect(self.refresh)
        session.mask_changed.connect(self._follow)
        self._follow()

    @property
    def content(self) -> Content:
        """What to save."""
        return cast("Content", self.contents.chosen)

    @property
    def format(self) -> MaskFormat:
        """In which format of masks; of no account for a report."""
        return FORMATS[cast("FormatName", self.formats.chosen)]

    @property
    def format_name(self) -> FormatName | ReportName:
        """In which format, of masks or of reports."""
        if self.content == "report":
            return cast("ReportName", self.reports.chosen)
        return self.format.name

    @property
    def suffix(self) -> str:
        """How the file ends; empty for a folder."""
        if self.content != "report":
            return self.format.suffix
        return "" if self.format_name == "dicom" else f".{self.format_name}"

    @property
    def kind(self) -> str:
        """What the file dialog calls such files."""
        box = self.reports if self.content == "report" else self.formats
        return f"{box.currentText()} (*{self.suffix})"

    @property
    def missing(self) -> str:
        """Why nothing can be saved now, empty if something can."""
        source = self._source()
        if source is None:
            return _NO_SCAN
        if source.is_synthetic:
            return _SYNTHETIC
        if self.content == "lungs":
            return ""
        mask = self._session.mask
        if mask is None:
            return _NO_MASK
        return GROWING if mask.is_growing else ""

    def with_suffix(self, path: Path) -> Path:
        """Give a name the suffix of its format, unless it has one."""
        takes = path.name.lower().endswith(self.suffix)
        if self.content != "report" and self.format.name == "nifti":
            takes = is_nifti(path)
        return path if takes else path.with_name(path.name + self.suffix)

    def suggested_name(self) -> str:
        """Name a file by what it holds; never by what a layer is called."""
        mask, case = self._session.mask, self._session.case
        kind = "infection" if mask is None else mask.label_set.name
        names = {"lungs": "lungs", "both": f"{kind}_and_lungs", "report": "severity"}
        name = names.get(self.content, kind)
        return name if case is None else f"{case.case_id}_{name}"

    def refresh(self) -> None:
        """Offer what is possible, and say what is missing."""
        self.formats.forbid(self._forbidden())
        self.reports.forbid(self._forbidden_reports())
        is_report = self.content == "report"
        self._rows.setRowVisible(self.formats, not is_report)
        self._rows.setRowVisible(self.reports, is_report)
        words = self.reports.words if is_report else self.formats.words
        self.about.setText(self.missing or words)
        self.changed.emit()

    def _follow(self) -> None:
        """Notice when the mask in front begins to grow, and when it is done."""
        if self._mask is not None:
            self._mask.state_changed.disconnect(self.refresh)
        self._mask = self._session.mask
        if self._mask is not None:
            self._mask.state_changed.connect(self.refresh)
        self.refresh()

    def _forbidden(self) -> dict[str, str]:
        source = self._source()
        if source is None:
            return {}
        reasons: dict[str, str] = {}
        for each in FORMATS.values():
            try:
                each.require_for(source, 2 if self.content == "both" else 1)
            except UsageError as refusal:
                reasons[each.name] = Failed(refusal).sentence
        return reasons

    def _forbidden_reports(self) -> dict[str, str]:
        source = self._source()
        try:
            if source is not None:
                require_dicom(source)
        except UsageError as refusal:
            return {"dicom": Failed(refusal).sentence}
        return {}

    def _source(self) -> Source | None:
        scan = self._session.scan
        facts = None if scan is None else facts_of(scan.metadata)
        return facts.source if isinstance(facts, CTFacts) else None
