"""Networks on disk: one safetensors file with everything needed to rebuild the network.

Weights and plain JSON only: loading a file never runs code from it.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from snn_depth.data.spec import DataSpec
from snn_depth.files.atomic import atomic_path
from snn_depth.files.stored_network import header, misdescribed, read_description
from snn_depth.models.depth_network import AnnDepthNet, SpikingDepthNet
from snn_depth.models.predictor import DepthPredictor, StorableNetwork
from snn_depth.models.quantized_twin import QuantizedAnnDepthNet
from snn_depth.teachers.depth_anything import DepthAnythingTeacher
from snn_depth.teachers.timm_teacher import TimmTeacher

# The networks a file may name; anything else is refused rather than imported.
NETWORKS: dict[str, type[StorableNetwork]] = {
    n.__name__: n
    for n in (
        SpikingDepthNet,
        AnnDepthNet,
        QuantizedAnnDepthNet,
        TimmTeacher,
        DepthAnythingTeacher,
    )
}


@dataclass
class LoadedNetwork:
    """A network read from a file.

    Attributes:
        network: The network in evaluation mode, on the CPU.
        data: What it was trained for.
        provenance: How it came about: recipe, commit, stage, seed, training data.
    """

    network: DepthPredictor
    data: DataSpec
    provenance: dict[str, Any]


def save_network(
    path: Path | str,
    network: StorableNetwork,
    data: DataSpec,
    provenance: dict[str, Any] | None = None,
) -> None:
    """Write a network completely or not at all.

    Args:
        path: Target, by habit `*.safetensors`.
        network: Network to save.
        data: What it was trained for.
        provenance: How it came about; JSON types only.

    Raises:
        ValueError: When `load_network` could not read such a network.
        OSError: When the file cannot be written.
    """
    check_can_be_saved(network)
    description = {
        "network": {"kind": network.stored_as.__name__, "init_args": network.init_args},
        "data": asdict(data),
        "provenance": provenance or {},
    }
    tensors = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    with atomic_path(path) as temporary:
        try:
            save_file(tensors, temporary, header(description))
        except SafetensorError as error:
            raise OSError(f"cannot write {path}: {error}") from error


def load_network(path: Path | str) -> LoadedNetwork:
    """Read a network.

    Args:
        path: File written by `save_network`.

    Returns:
        The network, ready for inference, and what is known about it.

    Raises:
        ValueError: When the file is missing, corrupt, of another format or of another version, or
            holds no depth network.
    """
    network, data, provenance = load_any_network(path)
    if not isinstance(network, DepthPredictor):
        raise ValueError(f"{path} holds a {type(network).__name__}; accepted: a depth network")
    return LoadedNetwork(network, data, provenance)


def load_any_network(path: Path | str) -> tuple[StorableNetwork, DataSpec, dict[str, Any]]:
    """As `load_network`, also of a network that an objective has saved beside its stage's."""
    description = read_description(path)
    try:
        data = DataSpec(**description["data"])
        network = build_network(**description["network"])
        network.load_state_dict(load_file(path))
        provenance = description["provenance"]
    except (KeyError, TypeError, RuntimeError) as error:
        raise misdescribed(path, error) from None
    return network.eval(), data, provenance


def check_can_be_saved(network: StorableNetwork) -> None:
    """Make sure that a network is one that a file may name.

    Args:
        network: Network to save later.

    Raises:
        ValueError: Naming its class and what is accepted.
    """
    kind = network.stored_as
    if NETWORKS.get(kind.__name__) is not kind:
        raise ValueError(
            f"network {kind.__qualname__} cannot be stored; accepted: {sorted(NETWORKS)} "
            "(add yours to snn_depth.training.checkpoint.NETWORKS)"
        )


def build_network(kind: str, init_args: dict[str, Any]) -> StorableNetwork:
    """Make a network of a known kind with fresh weights.

    Args:
        kind: Class name, one of `NETWORKS`.
        init_args: Its arguments.

    Returns:
        The network.

    Raises:
        ValueError: For an unknown kind.
    """
    if kind not in NETWORKS:
        raise ValueError(f"unknown network kind {kind!r}; accepted: {sorted(NETWORKS)}")
    return NETWORKS[kind](**init_args)


def copy_weights(source: torch.nn.Module, target: DepthPredictor) -> None:
    """Start `target` from the weights of `source`; both must have the same layers.

    Args:
        source: Where the weights come from.
        target: Network to overwrite.

    Raises:
        ValueError: Naming the first entries that are missing, left over or of another shape.
    """
    theirs, ours = target.state_from(source), target.state_dict()
    missing = sorted(set(ours) - set(theirs))
    extra = sorted(set(theirs) - set(ours))
    shapes = sorted(k for k in set(ours) & set(theirs) if ours[k].shape != theirs[k].shape)
    if missing or extra or shapes:
        raise ValueError(
            "weights do not fit: "
            f"missing {missing[:3]}, left over {extra[:3]}, other shape {shapes[:3]}"
        )
    target.load_state_dict(theirs)
