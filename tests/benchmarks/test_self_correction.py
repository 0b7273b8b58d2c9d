import copy
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from PIL import Image
from torch import Tensor

from benchmarks.accuracy.error_plot import save_error_plot
from benchmarks.accuracy.pseudo_label_error import PseudoLabelError
from benchmarks.accuracy.scenario import Scenario, read_scenarios
from benchmarks.self_correction import (
    adapting_stage,
    markdown,
    scenario_variants,
    self_correction,
)
from snn_depth.command.parser import call_command
from snn_depth.data.augment.strong_view import StrongView
from snn_depth.data.sample import Sample, collate
from snn_depth.models.depth_network import AnnDepthNet
from snn_depth.objectives import SelfCorrectingTeacherStudent
from snn_depth.training.checkpoint import load_network
from snn_depth.training.module import DepthTraining
from snn_depth.training.recipe import OptimizerSettings
from snn_depth.training.stage import train_stage
from tests.benchmarks.tiny_recipe import VARIANTS, adaptation_settings
from tests.snn_depth.training.tiny_adaptation import TAP, DarkData, tiny_adaptation
from tests.snn_depth.training.tiny_run import TinyData

SAFEGUARDS = VARIANTS["safeguards"]
NAMES = [name.replace("_", " ") for name in SAFEGUARDS]
IDENTITY = SAFEGUARDS["same_view"]["strong_view"]


def test_identity_view_changes_nothing() -> None:
    spikes = DarkData(1)[0]["spikes"].image
    view, mirrored = StrongView(**IDENTITY)(spikes, torch.Generator().manual_seed(0))  # type: ignore[arg-type]
    assert torch.equal(view, spikes) and not mirrored
    assert set(IDENTITY) == set(vars(StrongView())) - {"max_erased_side"}


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    file = tmp_path / "tiny.yaml"
    file.write_text(yaml.safe_dump(adaptation_settings(), sort_keys=False))
    return read_scenarios([file])[0]


@pytest.mark.slow
def test_every_variant_lacks_one_safeguard(scenario: Scenario) -> None:
    before = copy.deepcopy(scenario.settings)
    made = scenario_variants(scenario, "ann_full", "safeguards")
    assert scenario.settings == before
    stages = {name: one.recipe.stages["ann_full"] for name, one in made.items()}
    objectives = {name: vars(stage.objective()) for name, stage in stages.items()}
    full = objectives["all safeguards"]
    changed = {
        name: {k for k, v in values.items() if k[0] != "_" and v != full[k]}
        for name, values in objectives.items()
    }
    assert changed == {
        "all safeguards": set(),
        "no uncertainty filter": {"quantiles"},
        "no separate teacher": {"ema_decay"},
        "no ramp": {"ramp_steps"},
        "no source supervision": {"source_weight"},
        "no adversarial term": {"adversarial_weight"},
        "no target style": {"style_probability"},
        "same view": set(),
    }
    assert objectives["no uncertainty filter"]["quantiles"] == (1, 1)
    views = {name: stage.strong_view for name, stage in stages.items()}
    assert views.pop("same view") == StrongView(**IDENTITY)  # type: ignore[arg-type]
    assert set(views.values()) == {StrongView()}
    digests = {name: one.digests.stage("ann_full") for name, one in made.items()}
    assert digests["all safeguards"] == scenario.digests.stage("ann_full")
    assert len(set(digests.values())) == 1 + len(NAMES)
    assert {one.digests.stage("ann_source") for one in made.values()} == {
        scenario.digests.stage("ann_source")
    }


def test_which_stage_is_measured(scenario: Scenario) -> None:
    assert adapting_stage(scenario, "ann") == "ann_full"
    with pytest.raises(
        ValueError, match=r"variants_of adapts a SpikingDepthNet .* pseudo labels; it has: ann_full"
    ):
        adapting_stage(scenario, "snn")
    with pytest.raises(ValueError, match="tiny has no variants 'parts'; it has: terms, safeguards"):
        scenario_variants(scenario, "ann_full", "parts")


def slow_abs_rel(depth_m: Tensor, target_m: Tensor, mask: Tensor) -> float:
    per_image = []
    for image in range(len(depth_m)):
        errors = [
            abs(d - t) / t
            for d, t, m in zip(
                depth_m[image].flatten().tolist(),
                target_m[image].flatten().tolist(),
                mask[image].flatten().tolist(),
                strict=True,
            )
            if m
        ]
        per_image += [sum(errors) / len(errors)] if errors else []
    return sum(per_image) / len(per_image)


def make_training(**options: float) -> DepthTraining:
    torch.manual_seed(0)
    network = AnnDepthNet(channel_multipliers=(1, 2)).train()
    objective = SelfCorrectingTeacherStudent(adversarial_tap=TAP, ramp_steps=0, **options)  # type: ignore[arg-type]
    objective.setup(network, load=lambda name: network)
    with torch.no_grad():  # student and teacher apart
        for parameter in network.parameters():
            parameter.mul_(1.1)
    return DepthTraining(network, objective, OptimizerSettings(), 1)


@pytest.mark.parametrize("target_statistics", [False, True])
def test_measurement_equals_slow_reference_and_changes_nothing(
    tmp_path: Path, target_statistics: bool
) -> None:
    training = make_training(quantile=0.3, target_statistics=target_statistics)
    before = {k: v.clone() for k, v in training.state_dict().items()}
    random_state = torch.get_rng_state()
    watch = PseudoLabelError(DarkData(4), every_steps=1, batch_size=2, file=tmp_path / "x.json")
    found = watch.measure(training)
    assert torch.equal(torch.get_rng_state(), random_state)
    for name, value in training.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert training.network.training and not training.objective.teacher.training

    training.network.eval()
    teacher = copy.deepcopy(training.objective.teacher.network).train(target_statistics)
    labels, students, depths, masks = [], [], [], []
    for start in (0, 2):
        batch = collate([DarkData(4)[i] for i in (start, start + 1)])
        with torch.no_grad():
            weak = teacher(batch["spikes"].image)
        bound = weak.uncertainty.flatten().sort().values[round(0.3 * weak.uncertainty.numel()) - 1]
        labels.append(weak.depth_m)
        masks.append(weak.uncertainty <= bound)
        students.append(training.network(batch["spikes"].image).depth_m.detach())
        depths.append(batch["spikes"].depth_m)
    label, depth, mask = torch.cat(labels), torch.cat(depths), torch.cat(masks)
    everywhere = torch.ones_like(mask)
    assert found == pytest.approx(
        {
            "label_abs_rel": slow_abs_rel(label, depth, everywhere),
            "selected_abs_rel": slow_abs_rel(label, depth, mask),
            "selected_share": mask.double().mean().item(),
            "abs_rel": slow_abs_rel(torch.cat(students), depth, everywhere),
        },
        rel=1e-5,
    )
    assert found["label_abs_rel"] != found["abs_rel"] and found["selected_share"] < 0.5


def test_a_filter_that_lets_nothing_pass(tmp_path: Path) -> None:
    training = make_training(max_uncertainty=0.0)
    watch = PseudoLabelError(DarkData(2), every_steps=1, batch_size=2, file=tmp_path / "x.json")
    found = watch.measure(training)
    assert found["selected_share"] == 0 and found["selected_abs_rel"] != found["selected_abs_rel"]


def train(folder: Path, *watches: PseudoLabelError, num_epochs: int = 2) -> dict[str, Tensor]:
    recipe = tiny_adaptation(folder)
    stage = replace(
        recipe.stages["full"],
        network=lambda: AnnDepthNet(channel_multipliers=(1, 2)),
        init_from=None,
        num_epochs=num_epochs,
    )
    train_stage(
        stage,
        TinyData(8),
        TinyData(2),
        DarkData(6),
        spec=DarkData.spec,
        seed=0,
        folder=folder,
        load=lambda name: load_network(name).network,
        engine=recipe.engine,
        provenance={},
        callbacks=watches,
    )
    return load_network(folder / "network.safetensors").network.state_dict()


@pytest.mark.slow
def test_watching_does_not_change_the_training(tmp_path: Path) -> None:
    file = tmp_path / "measured.json"
    watch = PseudoLabelError(DarkData(2), every_steps=3, batch_size=2, file=file)
    watched, alone = train(tmp_path / "a", watch), train(tmp_path / "b")
    for name, value in watched.items():
        assert torch.equal(value, alone[name]), name
    rows = json.loads(file.read_text())
    assert [row["step"] for row in rows] == [0, 3, 6, 8], "first, every third, last"
    assert rows == watch.measurements
    assert len({row["abs_rel"] for row in rows}) == 4


def test_bad_arguments(tmp_path: Path) -> None:
    class Unlabelled(DarkData):
        def __getitem__(self, index: int) -> Sample:
            return super().__getitem__(index).replace("spikes", depth_m=None)

    with pytest.raises(ValueError, match="every_steps is 0; accepted: 1 or more"):
        PseudoLabelError(DarkData(1), every_steps=0, batch_size=1, file=tmp_path)
    with pytest.raises(ValueError, match="the target has no depth to compare"):
        PseudoLabelError(Unlabelled(1), every_steps=1, batch_size=1, file=tmp_path)


def measured(*selected: float) -> list[dict[str, float]]:
    return [
        {"step": 5 * i, "selected_abs_rel": s, "label_abs_rel": 2 * s, "abs_rel": 3 * s}
        for i, s in enumerate(selected)
    ]


def test_table_by_hand() -> None:
    table = markdown({"all safeguards": measured(0.3, 0.1, 0.2), "same view": measured(0.3, 0.4)})
    assert table.splitlines()[2:] == [
        "| all safeguards | 0.300, 0.100, 0.200 | 0.400 | 0.900, 0.300, 0.600 |",
        "| same view | 0.300, 0.300, 0.400 | 0.800 | 0.900, 0.900, 1.200 |",
    ]


def test_plot_is_written_and_not_empty(tmp_path: Path) -> None:
    save_error_plot(
        tmp_path / "a.png", {"all safeguards": measured(0.3, 0.1), "b": measured(0.3)}, title="t"
    )
    picture = Image.open(tmp_path / "a.png").convert("L")
    assert picture.width > 1000 and picture.getextrema() == (0, 255)


@pytest.mark.slow
def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Twice: the second time nothing is trained, and the figures are the same."""
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(yaml.safe_dump(adaptation_settings(), sort_keys=False))
    output, picture = tmp_path / "results.json", tmp_path / "plot.png"
    arguments = [
        *("--recipe", str(recipe), "--output", str(output), "--picture", str(picture)),
        *("--every-steps", "3", "--num-samples", "4", "--work-dir", str(tmp_path / "work")),
    ]
    call_command(self_correction, arguments)
    assert "| all safeguards |" in capsys.readouterr().out
    first = json.loads(output.read_text())
    steps = [(row["method"], row["step"]) for row in first["rows"]]
    assert steps == [
        (variant, step) for variant in ["all safeguards", *NAMES] for step in (0, 3, 6, 8)
    ]
    at_start = [row["metrics"] for row in first["rows"] if row["step"] == 0]
    assert len({m["abs_rel"] for m in at_start}) == 1, "all start from the same network"
    at_end = {row["method"]: row["metrics"] for row in first["rows"] if row["step"] == 8}
    assert len({m["abs_rel"] for m in at_end.values()}) == 1 + len(NAMES)
    unfiltered = {name for name, m in at_end.items() if m["selected_share"] == 1}
    assert unfiltered == {"no uncertainty filter"}
    assert picture.stat().st_size > 10_000
    networks = sorted((tmp_path / "work").rglob("network.safetensors"))
    names = [file.parents[1].name.partition("-")[0] for file in networks]
    assert sorted(names) == (1 + len(NAMES)) * ["ann_full"] + ["ann_source"]
    written = [file.stat().st_mtime_ns for file in networks]
    call_command(self_correction, arguments)
    assert [file.stat().st_mtime_ns for file in networks] == written
    assert json.loads(output.read_text())["rows"] == first["rows"]
