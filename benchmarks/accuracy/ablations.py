"""A scenario with one stage more for each thing that its adaptation could do without, or have."""

from benchmarks.accuracy.guard_variants import (
    GUARDS,
    Change,
    adapting_stages,
    changed_stages,
    with_stages,
)
from benchmarks.accuracy.scenario import Scenario

SINGLE_TERMS: dict[str, Change] = {
    "pseudo labels only": ({"adversarial_weight": 0.0, "style_probability": 0.0}, {}),
    "adversarial only": ({"pseudo_label_weight": 0.0, "style_probability": 0.0}, {}),
    "target style only": ({"pseudo_label_weight": 0.0, "adversarial_weight": 0.0}, {}),
}
# Labelled spikes are scarce, not absent.
LABELS: dict[str, Change] = {
    f"{percent} % labels": ({}, {"target_label_share": percent / 100}) for percent in (1, 5, 10)
}
ABLATIONS = SINGLE_TERMS | GUARDS | LABELS


def ablated(scenario: Scenario, network: str = "ann") -> Scenario:
    """Append the adapting stage of a network with every change, each as a stage of its own.

    The twin adapts several times faster than the student, and has the same objective.

    Args:
        scenario: A recipe; it stays as it is.
        network: "ann" or "snn".

    Returns:
        A scenario of the same name, with stages such as "ann_full_5_percent_labels", but none for
        what it does without already; the scenario itself where no stage that is scored adapts such
        a network (one that only prepares others says nothing by itself).
    """
    adapting = [n for n in adapting_stages(scenario, network) if scenario.stage(n).evaluate]
    if not adapting:
        return scenario
    name = adapting[0]
    changed = {
        stage_name(name, what): settings | {"name": stage_name(name, what)}
        for what, settings in changed_stages(scenario.stage_settings(name), ABLATIONS).items()
    }
    return with_stages(scenario, scenario.settings["stages"] | changed)


def stage_name(adapting: str, what: str) -> str:
    """Name of an ablated stage; it names a folder too.

    Args:
        adapting: Name of the stage that is ablated.
        what: A key of `ABLATIONS`.
    """
    return f"{adapting}_{what.replace(' % ', '_percent_').replace(' ', '_')}"
