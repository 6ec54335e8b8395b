"""`covseg pacs add`, `list` and `remove`: names for addresses."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from covseg_core.cli.output import say, say_json
from covseg_core.io.pacs.client import require_certificates
from covseg_core.io.pacs.connection import (
    Connection,
    PacsSettings,
    checked_url,
    origin_of,
    require_safe,
)
from covseg_core.io.pacs.keyring_entry import forget
from covseg_core.io.pacs.known import add_known, read_known, remove_known
from covseg_core.registry.home import pacs_file

__all__ = ["add", "list_command", "remove"]


def add(
    name: str,
    url: str,
    /,
    *,
    connection: Annotated[Connection, Parameter(name="*")] = Connection(),  # noqa: B008
) -> None:
    """Give a PACS a name.

    Parameters
    ----------
    name
        Small letters, digits, - and _.
    url
        Address of its DICOMweb service, https://pacs.example.org/dicom-web, without a
        login.
    connection
        How it is reached.
    """
    said = connection.model_dump(exclude_unset=True)
    if connection.ca_file is not None:
        require_certificates(connection.ca_file)
        said["ca_file"] = connection.ca_file.absolute()
    settings = PacsSettings(url=checked_url(url), **said)
    require_safe(settings)
    add_known(pacs_file(), name, settings)
    say(f"{name} is {settings.url}")


def list_command(*, json: bool = False) -> None:
    """List the PACS that have a name.

    Parameters
    ----------
    json
        Print one JSON document.
    """
    known = read_known(pacs_file())
    if json:
        say_json(
            {
                name: settings.model_dump(mode="json", exclude_defaults=True)
                for name, settings in known.items()
            }
        )
        return
    for name, settings in known.items():
        say(f"{name:16}{settings.url}")
    if not known:
        say("no PACS has a name yet; see `covseg pacs add --help`.")


def remove(name: str, /) -> None:
    """Forget the name of a PACS, and its login.

    Parameters
    ----------
    name
        From `covseg pacs add`.
    """
    url = remove_known(pacs_file(), name).url
    others = {origin_of(each.url) for each in read_known(pacs_file()).values()}
    if origin_of(url) not in others:
        forget(origin_of(url))
    say(f"removed {name}")
