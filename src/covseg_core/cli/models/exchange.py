"""`covseg models import`, `export`, `pull` and `push`: models from and for others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from covseg_core.cli.output import OutputPath, say
from covseg_core.registry.store import find_model

if TYPE_CHECKING:
    from covseg_core.registry.store import ModelEntry

__all__ = ["export_command", "import_command", "pull_command", "push_command"]


def import_command(
    file: Path,
    /,
    *,
    name: str,
    prior: Path | None = None,
    channel_order: Literal["published", "background-first"] = "published",
) -> None:
    """Add a bundle, a model folder, or published Inf-Net and U-Net weights.

    Parameters
    ----------
    file
        A .covseg.zip, a folder with card.json and weights.safetensors, or a published
        state_dict.
    name
        What the model is called here.
    prior
        For the published multi-label U-Net: the Inf-Net that makes its prior.
    channel_order
        Of that U-Net: as published, or background first (self-supervised Inf-Net).
    """
    from covseg_core.registry.importing import import_model

    entry = import_model(file, name, prior=prior, channel_order=channel_order)
    _say_added(entry)


def export_command(name: str, /, *, output: OutputPath) -> None:
    """Write a model as one file for others.

    Parameters
    ----------
    name
        Name of a model or path of its folder.
    output
        Ends in .covseg.zip.
    """
    from covseg_core.registry.bundle import write_bundle

    write_bundle(find_model(name), output)
    say(f"{output}")


def pull_command(repo_id: str, /, *, name: str, revision: str | None = None) -> None:
    """Add a model from the Hugging Face hub.

    Parameters
    ----------
    repo_id
        OWNER/NAME on the hub.
    name
        What the model is called here.
    revision
        Branch, tag or commit; the newest if not given.
    """
    from covseg_core.registry.hub import pull_model

    _say_added(pull_model(repo_id, name, revision=revision))


def push_command(name: str, repo_id: str, /, *, private: bool = False) -> None:
    """Put a model on the Hugging Face hub.

    Parameters
    ----------
    name
        Name of a model or path of its folder.
    repo_id
        OWNER/NAME on the hub; made if absent.
    private
        Nobody but its owner may see it.
    """
    from covseg_core.registry.hub import push_model

    say(push_model(find_model(name), repo_id, private=private))


def _say_added(entry: ModelEntry) -> None:
    say(f"added {entry.card.name}: {entry.card.summary}")
    if entry.card.limits:
        say(f"note: {entry.card.limits}")
