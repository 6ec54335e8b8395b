"""Share models through the Hugging Face hub; only here is a network used.

The hub is the one that ``HF_ENDPOINT`` names, else huggingface.co.  A token comes
from ``HF_TOKEN`` or from the hub's own login, and is never shown.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from covseg_core import __version__
from covseg_core.errors import CovsegError, ModelRefusedError, UsageError
from covseg_core.registry.bundle import MAX_CARD_BYTES
from covseg_core.registry.card import parse_card
from covseg_core.registry.folder import CARD, WEIGHTS
from covseg_core.registry.importing import add_model, require_new_name
from covseg_core.registry.readme import readme_of
from covseg_core.registry.store import read_weights

if TYPE_CHECKING:
    from collections.abc import Iterator

    from huggingface_hub import HfApi

    from covseg_core.registry.store import ModelEntry

__all__ = ["pull_model", "push_model"]

MAX_WEIGHTS_BYTES = 4_000_000_000
LOGIN = "Log in with `hf auth login`, or set HF_TOKEN"


def push_model(entry: ModelEntry, repo_id: str, *, private: bool = False) -> str:
    """Put a model and a page about it on the hub, and give its address.

    Parameters
    ----------
    entry : ModelEntry
        With weights.
    repo_id : str
        ``OWNER/NAME``; made if absent.
    private : bool
        Whether only its owner may see it.

    Raises
    ------
    ModelRefusedError
        If the model has no weights, or the hub does not take it or is out of reach.
    UsageError
        If `repo_id` is no name of a repository.
    """
    if not entry.card.has_network:
        raise ModelRefusedError(f"{entry.card.name!r} has no weights to push.")
    contents = {
        CARD: (entry.card.model_dump_json(indent=2) + "\n").encode(),
        WEIGHTS: read_weights(entry),
        "README.md": readme_of(entry.card, repo_id).encode(),
    }
    with _one_sentence(repo_id):
        api = _api()
        _require_place(api, repo_id, private)
        _commit(api, repo_id, contents, f"Add {entry.card.name}")
        return f"{api.endpoint}/{repo_id}"


def pull_model(repo_id: str, name: str, *, revision: str | None = None) -> ModelEntry:
    """Fetch a model's card and weights, and add them to the user's store.

    Parameters
    ----------
    repo_id : str
        ``OWNER/NAME``.
    name : str
        What the model is called from now on.
    revision : str, optional
        Branch, tag or commit; the newest if not given.

    Raises
    ------
    ModelRefusedError
        If the name is taken, the hub is out of reach or has no such model, or the
        model is not what its card says.
    UsageError
        If `repo_id` is no name of a repository.
    """
    require_new_name(name)
    with TemporaryDirectory(prefix="covseg-") as folder, _one_sentence(repo_id):
        api, place = _api(), Path(folder)
        text = _fetch(api, repo_id, CARD, revision, place, MAX_CARD_BYTES)
        card = parse_card(text.decode("utf-8", errors="replace"))
        weights = _fetch(api, repo_id, WEIGHTS, revision, place, MAX_WEIGHTS_BYTES)
    return add_model(card, weights, name)


def _api() -> HfApi:
    from huggingface_hub import HfApi
    from huggingface_hub.utils import logging
    from huggingface_hub.utils.tqdm import disable_progress_bars

    # A failed command says one line, and that line is ours.
    disable_progress_bars()
    logging.set_verbosity_error()
    return HfApi(
        endpoint=os.environ.get("HF_ENDPOINT"),
        library_name="covseg",
        library_version=__version__,
    )


def _require_place(api: HfApi, repo_id: str, private: bool) -> None:
    """Make the repository, or see that one that is there is as private as wanted."""
    if not api.repo_exists(repo_id):
        api.create_repo(repo_id, private=private)
    elif private and not api.model_info(repo_id).private:
        raise ModelRefusedError(
            f"{repo_id!r} is public already, so nothing was sent; make it private on "
            "its page, or leave --private away."
        )


def _commit(api: HfApi, repo_id: str, contents: dict[str, bytes], message: str) -> None:
    from huggingface_hub import CommitOperationAdd

    files = [CommitOperationAdd(name, content) for name, content in contents.items()]
    api.create_commit(repo_id, files, commit_message=message, repo_type="model")


def _fetch(
    api: HfApi, repo_id: str, name: str, revision: str | None, place: Path, most: int
) -> bytes:
    """Fetch one file, if the hub says that it is of a size that can be right."""
    from huggingface_hub import hf_hub_url

    url = hf_hub_url(repo_id, name, revision=revision, endpoint=api.endpoint)
    size = api.get_hf_file_metadata(url=url).size
    if size is None or size > most:
        raise ModelRefusedError(
            f"{name} of {repo_id!r} has {size} bytes; at most {most} can be right."
        )
    fetched = api.hf_hub_download(repo_id, name, revision=revision, local_dir=place)
    return Path(fetched).read_bytes()


@contextmanager
def _one_sentence(repo_id: str) -> Iterator[None]:
    """Say in one sentence what the hub or the way to it refused."""
    from huggingface_hub.errors import HFValidationError

    try:
        yield
    except CovsegError:
        raise
    except HFValidationError as error:
        raise UsageError(
            f"{repo_id!r} is no name of a repository; give OWNER/NAME."
        ) from error
    except Exception as error:
        raise ModelRefusedError(_reason(repo_id, error)) from error


def _reason(repo_id: str, error: Exception) -> str:
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return f"{repo_id!r} asks to accept its terms on its page first. {LOGIN}."
    if isinstance(error, errors.RepositoryNotFoundError):
        return (
            f"there is no model {repo_id!r} on the hub, or it is private. {LOGIN} to "
            "see private ones."
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{repo_id!r} has no such revision; look for its name on its page."
    if isinstance(error, errors.LocalTokenNotFoundError):
        return f"the hub asks who you are. {LOGIN}."
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403):
        return f"the hub does not let you do that with {repo_id!r}. {LOGIN}."
    if status == 404:
        return f"{repo_id!r} lacks {CARD} or {WEIGHTS}: it is no model of covseg."
    if status is not None:
        return f"the hub answered {status} for {repo_id!r}; try again later."
    return (
        f"the hub could not be used ({type(error).__name__}). Look at your "
        "connection and at HF_ENDPOINT, and try again."
    )
