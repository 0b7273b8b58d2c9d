"""Names that recipes and digests know from earlier versions, in one table.

A recipe that says an old class path still reads. Digests are computed with the names of the first
version, so that a module or a stage that is renamed leaves trained networks and results valid.
"""

import logging
from collections.abc import Mapping
from typing import Any

logger = logging.getLogger(__name__)
_PUBLIC = (
    *("dense_spike", "driving_stereo", "kitti_raw", "nyu_v2", "pku_spike_stereo"),
    *("spike_depth", "virtual_kitti2"),
)
# Modules of the classes that a recipe can name: old to new.
MODULES = {
    "snn_depth.data.datasets": "snn_depth.data.sets.recording_dataset",
    "snn_depth.data.picture_dataset": "snn_depth.data.sets.picture_dataset",
    "snn_depth.data.window_dataset": "snn_depth.data.sets.window_dataset",
    "snn_depth.data.world_dataset": "snn_depth.data.sets.world_dataset",
    "snn_depth.data.adapters": "snn_depth.data.sets.public",
    **{f"snn_depth.data.adapters.{m}": f"snn_depth.data.sets.public.{m}" for m in _PUBLIC},
    **{
        f"snn_depth.objectives.{m}": f"snn_depth.objectives.bicross.{m}"
        for m in ("cross_modality", "self_correcting", "two_domains")
    },
    "conversion.quantized_student": "conversion.student.quantized_student",
}
# Stages of the shipped recipes: old to new. A user's own stages keep their names.
STAGES = {
    "scts_start": "student_ada_bn",
    "ann_scts_again": "ann_scts_second_round",
}
# Settings of a recipe that came later, and change no trained network.
NEW_SETTINGS = ("as_is", "data_identity", "store", "variants", "variants_of")


def current_names(content: Any) -> Any:
    """Settings with every old class path replaced, and one warning about each.

    Args:
        content: What a recipe's YAML says, or a part of it.
    """
    found: dict[str, str] = {}

    def current(text: str) -> str:
        module, _, name = text.rpartition(".")
        if module not in MODULES:
            return text
        return found.setdefault(text, f"{MODULES[module]}.{name}")

    renamed = _replaced(content, current)
    for old, new in found.items():
        logger.warning("%s is called %s now", old, new)
    return renamed


def first_names(content: Any) -> Any:
    """Settings with the names of the first version: what digests are made of."""
    modules = {new: old for old, new in MODULES.items()}
    stages = {new: old for old, new in STAGES.items()}

    def first(text: str) -> str:
        module, _, name = text.rpartition(".")
        return f"{modules[module]}.{name}" if module in modules else stages.get(text, text)

    return _replaced(content, first)


def _replaced(content: Any, name: Any) -> Any:
    if isinstance(content, Mapping):
        return {_replaced(k, name): _replaced(v, name) for k, v in content.items()}
    if isinstance(content, list):
        return [_replaced(v, name) for v in content]
    return name(content) if isinstance(content, str) else content
