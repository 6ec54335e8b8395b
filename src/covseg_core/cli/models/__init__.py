"""`covseg models`: list, promote, share and remove models."""

from __future__ import annotations

from covseg_core.cli.models.exchange import (
    export_command,
    import_command,
    pull_command,
    push_command,
)
from covseg_core.cli.models.listing import list_command, show_command
from covseg_core.cli.models.standing import (
    promote_command,
    remove_command,
    rollback_command,
)

__all__ = [
    "export_command",
    "import_command",
    "list_command",
    "promote_command",
    "pull_command",
    "push_command",
    "remove_command",
    "rollback_command",
    "show_command",
]
