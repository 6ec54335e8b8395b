"""Files of tensors by name, read without running what is in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from covseg_core.errors import ModelRefusedError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["fit_tensors", "read_tensors"]


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a state_dict and nothing else; code in the file is never run.

    Parameters
    ----------
    path : Path
        In torch's format or, by the suffix ``.safetensors``, in that one.

    Returns
    -------
    dict of str to Tensor
        On the CPU, without the ``module.`` that parallel training puts before
        every name.

    Raises
    ------
    ModelRefusedError
        If the file is absent or damaged, or holds anything but dense real tensors.
    """
    try:
        loaded = _load(path)
    except FileNotFoundError as error:
        raise ModelRefusedError(f"there is no file {path.name}.") from error
    except Exception as error:
        raise ModelRefusedError(
            f"{path.name} cannot be read as weights ({type(error).__name__}): it is "
            "cut, of another kind, or holds code, which is never run. Needed is a "
            "state_dict that holds tensors only."
        ) from error
    if not isinstance(loaded, Mapping) or not loaded:
        raise ModelRefusedError(
            f"{path.name} holds a {type(loaded).__name__}; needed is a state_dict, "
            "tensors by name. Save it with torch.save(network.state_dict(), file)."
        )
    strangers = [str(key) for key, value in loaded.items() if not _is_plain(value)]
    if strangers:
        raise ModelRefusedError(
            f"{path.name} holds more than plain tensors: {', '.join(strangers[:3])}. "
            "Save the network's state_dict alone."
        )
    return {str(key).removeprefix("module."): value for key, value in loaded.items()}


def _load(path: Path) -> Any:
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    return torch.load(path, map_location="cpu", weights_only=True)


def _is_plain(value: object) -> bool:
    return (
        isinstance(value, Tensor)
        and value.layout is torch.strided
        and not (value.is_complex() or value.is_quantized)
    )


def fit_tensors(
    found: Mapping[str, Tensor],
    expected: Mapping[str, Tensor],
    file_name: str,
    shown: Callable[[str], str] = str,
) -> dict[str, Tensor]:
    """Check that tensors fill a network, all of it and nothing else.

    Parameters
    ----------
    found, expected : Mapping of str to Tensor
        What the file holds, and the network's state_dict; counters of batches
        may be absent.
    file_name : str
        For messages.
    shown : callable
        Turns a name into the one that the file has, for messages.

    Returns
    -------
    dict of str to Tensor
        Copies in the order and the types of `expected`.

    Raises
    ------
    ModelRefusedError
        If a tensor is missing, unexpected, of another shape or not finite.
    """
    problems = _problems(found, expected, shown)
    if problems:
        raise ModelRefusedError(
            f"{file_name} does not fill the network of the paper: "
            f"{'; '.join(problems)}. Use the file as it was published."
        )
    zero = torch.zeros((), dtype=torch.int64)
    fitted = {key: found.get(key, zero) for key in expected}
    broken = [key for key, value in fitted.items() if not value.isfinite().all()]
    if broken:
        raise ModelRefusedError(
            f"{file_name} holds numbers that are not finite, in "
            f"{_first(broken, shown)}: the training failed or the file is damaged."
        )
    return {
        key: value.detach().to(expected[key].dtype, copy=True).contiguous()
        for key, value in fitted.items()
    }


def _problems(
    found: Mapping[str, Tensor],
    expected: Mapping[str, Tensor],
    shown: Callable[[str], str],
) -> list[str]:
    needed = {key for key in expected if not key.endswith("num_batches_tracked")}
    kinds = {
        "missing": needed - found.keys(),
        "unexpected": found.keys() - expected.keys(),
        "of another shape": {
            key
            for key in found.keys() & expected.keys()
            if found[key].shape != expected[key].shape
        },
    }
    return [
        f"tensors {kind}: {len(keys)} ({_first(sorted(keys), shown)})"
        for kind, keys in kinds.items()
        if keys
    ]


def _first(names: Sequence[str], shown: Callable[[str], str]) -> str:
    return ", ".join([*map(shown, names[:3]), *(["…"] if len(names) > 3 else [])])
