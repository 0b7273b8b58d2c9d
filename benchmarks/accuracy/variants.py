"""A scenario with the variants that its recipe declares, as stages of their own or in place."""

from typing import Any

from benchmarks.accuracy.scenario import Scenario
from snn_depth.models.depth_network import AnnDepthNet, SpikingDepthNet
from snn_depth.train import make_recipe
from snn_depth.training.recipe_file import merge

Settings = dict[str, Any]
NETWORKS = {"ann": AnnDepthNet, "snn": SpikingDepthNet}


def varied_stages(scenario: Scenario, network: str) -> list[str]:
    """Names of the stages with such a network ("ann" or "snn") that the variants change."""
    return [
        name
        for name in scenario.recipe.variants_of
        if isinstance(scenario.recipe.stages[name].network(), NETWORKS[network])
    ]


def changed_stages(scenario: Scenario, name: str, group: str | None = None) -> dict[str, Settings]:
    """Complete settings of a stage with each variant, without those that change nothing.

    Args:
        scenario: A recipe; it stays as it is.
        name: Of the stage.
        group: Group of the recipe's variants; None takes all.

    Returns:
        By name of the variant.

    Raises:
        ValueError: When the recipe has no such group.
    """
    groups = scenario.recipe.variants
    if group is not None and group not in groups:
        raise ValueError(
            f"{scenario.name} has no variants {group!r}; it has: {', '.join(groups) or 'none'}"
        )
    settings = scenario.settings["stages"][name]
    changed = {
        variant: merge(settings, change)
        for key, changes in groups.items()
        if group in (None, key)
        for variant, change in changes.items()
    }
    # null within a change says the default, and complete settings leave such arguments out.
    return {variant: stage for variant, stage in changed.items() if _told(stage) != _told(settings)}


def with_variants(scenario: Scenario) -> Scenario:
    """A scenario with one stage more for every variant of its first ANN that is scored.

    The twin adapts several times faster than the student, and has the same objective. A stage that
    only prepares others says nothing by itself.

    Args:
        scenario: A recipe; it stays as it is.

    Returns:
        A scenario of the same name, with stages such as `ann_full_no_ramp`; the scenario itself
        where there is nothing to vary.
    """
    names = [n for n in varied_stages(scenario, "ann") if scenario.recipe.stages[n].evaluate]
    if not names:
        return scenario
    stages = {
        f"{names[0]}_{variant}": settings | {"name": f"{names[0]}_{variant}"}
        for variant, settings in changed_stages(scenario, names[0]).items()
    }
    return with_stages(scenario, stages)


def with_stages(scenario: Scenario, stages: Settings) -> Scenario:
    """A scenario with other or further stages.

    Args:
        scenario: A recipe; it stays as it is.
        stages: Complete settings by name.
    """
    recipe, text = make_recipe(scenario.settings | {"stages": scenario.settings["stages"] | stages})
    return Scenario(scenario.name, recipe, text)


def _told(settings: Any) -> Any:
    if isinstance(settings, dict):
        return {key: _told(value) for key, value in settings.items() if value is not None}
    return settings
