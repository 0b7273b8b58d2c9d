"""A scenario whose adapting stage lacks one guard against the accumulation of errors."""

from typing import Any

from benchmarks.scenario import Scenario
from snn_depth.models.depth_network import AnnDepthNet, SpikingDepthNet
from snn_depth.objectives import SelfCorrectingTeacherStudent
from snn_depth.train import make_recipe

NETWORKS = {"ann": AnnDepthNet, "snn": SpikingDepthNet}
# A strong view that changes nothing.
IDENTITY: dict[str, float] = {
    "mirror_probability": 0.0,
    "shuffled_bins": 0,
    "drop_share": 0.0,
    "max_gain": 1.0,
    "gain_std": 0.0,
    "num_erased": 0,
}
# Arguments of the objective, and settings of the stage, that differ.
VARIANTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "all guards": ({}, {}),
    "no uncertainty filter": (
        {"quantile": 1.0, "final_quantile": None, "max_uncertainty": 1.0},
        {},
    ),
    "no moving average": ({"ema_decay": 0.0}, {}),
    "no source supervision": ({"source_weight": 0.0}, {}),
    "no adversarial term": ({"adversarial_weight": 0.0}, {}),
    "no target style": ({"style_probability": 0.0}, {}),
    "same view": ({}, {"strong_view": IDENTITY}),
}


def adapting_stage(scenario: Scenario, network: str) -> str:
    """Name of the stage that is measured.

    Args:
        scenario: A recipe.
        network: "ann" or "snn".

    Returns:
        The first stage that adapts such a network with pseudo labels and no target labels.

    Raises:
        ValueError: When there is none.
    """
    kind, stages = NETWORKS[network], scenario.recipe.stages
    for stage in stages:
        if stage.target_label_share or not isinstance(stage.network(), kind):
            continue
        objective = stage.objective()
        adapts = isinstance(objective, SelfCorrectingTeacherStudent)
        if adapts and objective.pseudo_label_weight:
            return stage.name
    raise ValueError(
        f"no stage of {scenario.name} adapts a {kind.__name__} with "
        "SelfCorrectingTeacherStudent, pseudo labels and no target labels; it has: "
        f"{', '.join(stage.name for stage in stages)}"
    )


def guard_variants(scenario: Scenario, stage_name: str) -> dict[str, Scenario]:
    """The scenario as it is, and without each guard in one of its stages.

    Args:
        scenario: A recipe.
        stage_name: Its adapting stage.

    Returns:
        Scenarios by what is different, that with all guards first.
    """
    return {
        variant: changed_stage(scenario, stage_name, arguments, settings)
        for variant, (arguments, settings) in VARIANTS.items()
    }


def changed_stage(
    scenario: Scenario, stage_name: str, arguments: dict[str, Any], settings: dict[str, Any]
) -> Scenario:
    """A scenario with other settings in one stage.

    Args:
        scenario: A recipe; it stays as it is.
        stage_name: The stage.
        arguments: Arguments of its objective that differ.
        settings: Settings of the stage that differ.

    Returns:
        The changed scenario.
    """
    stages = []
    for stage in scenario.settings["stages"]:
        if stage["name"] == stage_name:
            objective = stage["objective"]
            init_args = objective.get("init_args", {}) | arguments
            stage = stage | {"objective": objective | {"init_args": init_args}} | settings
        stages.append(stage)
    recipe, text = make_recipe(scenario.settings | {"stages": stages})
    return Scenario(scenario.name, recipe, text)
