"""A scenario whose adapting stage lacks one guard against the accumulation of errors."""

from collections.abc import Mapping
from typing import Any

from benchmarks.accuracy.scenario import Scenario
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
Change = tuple[dict[str, Any], dict[str, Any]]
GUARDS: dict[str, Change] = {
    "no uncertainty filter": (
        {"quantile": 1.0, "final_quantile": None, "max_uncertainty": 1.0},
        {},
    ),
    # Neither a moving average nor a network that a recipe names: the student of the step before.
    "no separate teacher": ({"teacher": None, "ema_decay": 0.0}, {}),
    "no ramp": ({"ramp_steps": 0}, {}),
    "no source supervision": ({"source_weight": 0.0}, {}),
    "no adversarial term": ({"adversarial_weight": 0.0}, {}),
    "no target style": ({"style_probability": 0.0}, {}),
    "same view": ({}, {"strong_view": IDENTITY}),
}


def adapting_stages(scenario: Scenario, network: str) -> list[str]:
    """Names of the stages that adapt with pseudo labels and no target labels.

    Args:
        scenario: A recipe.
        network: "ann" or "snn": what they adapt.
    """
    found = []
    for stage in scenario.recipe.stages.values():
        if stage.target_label_share or not isinstance(stage.network(), NETWORKS[network]):
            continue
        objective = stage.objective()
        adapts = isinstance(objective, SelfCorrectingTeacherStudent)
        if adapts and objective.pseudo_label_weight:
            found.append(stage.name)
    return found


def adapting_stage(scenario: Scenario, network: str) -> str:
    """Name of the stage that is measured: the first that adapts such a network.

    Args:
        scenario: A recipe.
        network: "ann" or "snn".

    Raises:
        ValueError: When there is none.
    """
    stages = adapting_stages(scenario, network)
    if not stages:
        raise ValueError(
            f"no stage of {scenario.name} adapts a {NETWORKS[network].__name__} with "
            "SelfCorrectingTeacherStudent, pseudo labels and no target labels; it has: "
            f"{', '.join(scenario.recipe.stages)}"
        )
    return stages[0]


def guard_variants(scenario: Scenario, stage_name: str) -> dict[str, Scenario]:
    """The scenario as it is, and without each guard in one of its stages.

    Args:
        scenario: A recipe.
        stage_name: Its adapting stage.

    Returns:
        Scenarios by what is different, that with all guards first; none for a guard that the
        stage does without already.
    """
    changed = changed_stages(scenario.stage_settings(stage_name), GUARDS)
    return {"all guards": scenario} | {
        variant: with_stages(scenario, scenario.settings["stages"] | {stage_name: settings})
        for variant, settings in changed.items()
    }


def with_stages(scenario: Scenario, stages: dict[str, Any]) -> Scenario:
    """A scenario with other stages.

    Args:
        scenario: A recipe; it stays as it is.
        stages: Settings of the stages, as in the recipe.
    """
    recipe, text = make_recipe(scenario.settings | {"stages": stages})
    return Scenario(scenario.name, recipe, text)


def changed_stages(
    stage: dict[str, Any], changes: Mapping[str, Change]
) -> dict[str, dict[str, Any]]:
    """Settings of a stage with each change, without those that would change nothing.

    Args:
        stage: As in the recipe; it stays as it is.
        changes: By what is different.
    """
    changed = {name: changed_settings(stage, change) for name, change in changes.items()}
    return {name: settings for name, settings in changed.items() if settings != stage}


def changed_settings(stage: dict[str, Any], change: Change) -> dict[str, Any]:
    """Settings of a stage with a change.

    Args:
        stage: As in the recipe; it stays as it is.
        change: Arguments of its objective, and settings of the stage, that differ.
    """
    arguments, settings = change
    objective = stage["objective"]
    init_args = objective.get("init_args", {}) | arguments
    return stage | {"objective": objective | {"init_args": init_args}} | settings
