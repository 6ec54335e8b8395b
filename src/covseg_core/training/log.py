"""The curves of a run: CSV and JSON lines always, TensorBoard where installed."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from covseg_core.io.atomic import write_text

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.training.fit import Step

__all__ = ["RunLog", "read_rows"]

COLUMNS = ("utc", "epoch", "loss", "score", "learning_rate")
CSV, JSONL, TENSORBOARD = "log.csv", "log.jsonl", "tensorboard"


class RunLog:
    """Writes a line after every epoch.

    Parameters
    ----------
    folder : Path
        Of the run.  Lines of an earlier start that lie beyond `epoch` are taken
        away, since those epochs are trained again.
    epoch : int
        Epochs that are done.
    """

    def __init__(self, folder: Path, epoch: int = 0) -> None:
        self._csv, self._jsonl = folder / CSV, folder / JSONL
        self._board = _tensorboard(folder / TENSORBOARD, epoch)
        rows = [row for row in self.rows() if row["epoch"] <= epoch]
        self._write(rows)

    def rows(self) -> list[dict[str, Any]]:
        """Read the lines that are whole; see `read_rows`."""
        return read_rows(self._jsonl.parent)

    def add(self, step: Step) -> None:
        """Write the line of an epoch that ended with `step`."""
        values = (
            datetime.now(UTC).isoformat(timespec="seconds"),
            step.epoch,
            step.loss,
            step.score,
            step.learning_rate,
        )
        row = dict(zip(COLUMNS, values, strict=True))
        self._append(row)
        if self._board is not None:
            for name in ("loss", "score", "learning_rate"):
                if row[name] is not None:
                    self._board.add_scalar(name, row[name], step.epoch)
            self._board.flush()

    def _write(self, rows: list[dict[str, Any]]) -> None:
        lines, table = _as_text(rows)
        write_text(self._jsonl, lines)
        write_text(self._csv, ",".join(COLUMNS) + "\n" + table)

    def _append(self, row: dict[str, Any]) -> None:
        for path, text in zip((self._jsonl, self._csv), _as_text([row]), strict=True):
            with path.open("a", encoding="utf-8") as file:
                file.write(text)


def read_rows(folder: Path) -> list[dict[str, Any]]:
    """Read the lines of a run that are whole; a crash may have cut the last one.

    Parameters
    ----------
    folder : Path
        Of the run.

    Returns
    -------
    list of dict
        A row per epoch with the keys `COLUMNS`; none if there is no log.
    """
    file = folder / JSONL
    if not file.exists():
        return []
    rows = []
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows


def _as_text(rows: list[dict[str, Any]]) -> tuple[str, str]:
    """Write rows as JSON lines and as lines of CSV."""
    table = io.StringIO()
    # A run that was begun by an older version may have more columns.
    writer = csv.DictWriter(table, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writerows(rows)
    return "".join(json.dumps(row) + "\n" for row in rows), table.getvalue()


def _tensorboard(folder: Path, epoch: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=epoch + 1)
