"""A recipe's adapting stage without one of its guards against the accumulation of errors."""

from typing import Any

from snn_depth.models.depth_network import AnnDepthNet, SpikingDepthNet
from snn_depth.objectives import SelfCorrectingTeacherStudent
from snn_depth.training.recipe import Stage

Settings = dict[str, Any]
ALL_GUARDS = "all guards"
NETWORKS = {"ann": AnnDepthNet, "snn": SpikingDepthNet}
# What becomes of the objective's arguments without a guard.
WITHOUT: dict[str, dict[str, float]] = {
    "no uncertainty filter": {"quantile": 1.0, "final_quantile": 1.0, "max_uncertainty": 1.0},
    "no moving average": {"ema_decay": 0.0},
    "no source supervision": {"source_weight": 0.0},
    "no adversarial term": {"adversarial_weight": 0.0},
}
SAME_VIEW = "same view"
# A strong view that changes nothing.
IDENTITY: dict[str, float] = {
    "mirror_probability": 0.0,
    "shuffled_bins": 0,
    "drop_share": 0.0,
    "max_gain": 1.0,
    "gain_std": 0.0,
    "num_erased": 0,
}


def adapting_stage(stages: list[Stage], network: str) -> int:
    """Position of the stage that is measured.

    Args:
        stages: Stages of a recipe.
        network: "ann" or "snn".

    Returns:
        Position of the first stage that adapts such a network without target labels.

    Raises:
        ValueError: When there is none.
    """
    kind = NETWORKS[network]
    for i, stage in enumerate(stages):
        adapts = isinstance(stage.objective(), SelfCorrectingTeacherStudent)
        if adapts and not stage.target_label_share and isinstance(stage.network(), kind):
            return i
    raise ValueError(
        f"no stage of the recipe adapts a {kind.__name__} with SelfCorrectingTeacherStudent and "
        f"without target labels; it has: {', '.join(stage.name for stage in stages)}"
    )


def ancestors(stages: list[Stage], index: int) -> list[int]:
    """Positions of the earlier stages that one stage builds on, directly or not, in order.

    Args:
        stages: Stages of a recipe.
        index: The stage.
    """
    positions = {stage.name: i for i, stage in enumerate(stages)}
    found: set[int] = set()
    to_visit = [index]
    while to_visit:
        stage = stages[to_visit.pop()]
        names = [*stage.objective().needs, *([stage.init_from] if stage.init_from else [])]
        new = {positions[name] for name in names if name in positions} - found
        found |= new
        to_visit += new
    return sorted(found)


def variants(stage: Settings) -> dict[str, Settings]:
    """The stage with all guards, and without each.

    Args:
        stage: The stage as YAML has it.

    Returns:
        Stages by name, that with all guards first.
    """
    objective = stage["objective"]
    if isinstance(objective, str):  # short for one without arguments
        objective = {"class_path": objective}
    arguments = objective.get("init_args") or {}
    changed = {
        name: stage | {"objective": objective | {"init_args": arguments | changes}}
        for name, changes in WITHOUT.items()
    }
    return {ALL_GUARDS: stage} | changed | {SAME_VIEW: stage | {"strong_view": dict(IDENTITY)}}
