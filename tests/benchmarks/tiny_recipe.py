"""A recipe for the matrix whose stages train in a second or two."""

from pathlib import Path
from typing import Any

from snn_depth.training.recipe_file import read_recipe
from tests.snn_depth.training.tiny_adaptation import TAP

Settings = dict[str, Any]
BICROSS = read_recipe(Path(__file__).parents[2] / "configs" / "base" / "bicross.yaml")
VARIANTS: Settings = BICROSS["variants"]
SUPERVISED = {"class_path": "snn_depth.objectives.SupervisedDepth"}


def stage(name: str, kind: str = "AnnDepthNet", input_key: str = "spikes", **keys: Any) -> Settings:
    network = {
        "class_path": f"snn_depth.models.depth_network.{kind}",
        "init_args": {"channel_multipliers": [1, 2], "input_key": input_key},
    }
    shared = {"network": network, "objective": SUPERVISED, "num_epochs": 2, "batch_size": 2}
    return {name: shared | keys}


def tiny_settings() -> Settings:
    """Teacher, twin and its oracle on a handful of samples."""
    sizes = {"train": 4, "val": 2, "test": 3, "target": 6}
    tiny_data = "tests.snn_depth.training.tiny_run.TinyData"
    return {
        "data": {
            name: {"class_path": tiny_data, "init_args": {"num_samples": size}}
            for name, size in sizes.items()
        },
        "stages": stage("rgb_teacher", input_key="rgb")
        | stage("ann_source_only")
        | stage("ann_oracle", train_data="target", init_from="ann_source_only"),
        "test_data": ["test"],
        "engine": {"accelerator": "cpu", "precision": "32-true"},
    }


def adaptation_settings() -> Settings:
    """A recipe whose last stage adapts; others only look as if they did."""
    network = {
        "class_path": "snn_depth.models.depth_network.AnnDepthNet",
        "init_args": {"channel_multipliers": [1, 2]},
    }
    adapt = {
        "class_path": "snn_depth.objectives.SelfCorrectingTeacherStudent",
        "init_args": {"adversarial_tap": TAP, "ramp_steps": 2, "quantile": 0.4},
    }
    adversarial = adapt | {"init_args": {"adversarial_tap": TAP, "pseudo_label_weight": 0}}
    supervised = {"class_path": "snn_depth.objectives.SupervisedDepth"}
    common = {"num_epochs": 1, "batch_size": 2, "network": network}
    start = common | {"init_from": "ann_source", "target_data": "target"}
    folder = "tests.snn_depth.training"
    return {
        "data": {
            name: {"class_path": f"{folder}.{path}", "init_args": {"num_samples": num_samples}}
            for name, path, num_samples in (
                ("train", "tiny_run.TinyData", 8),
                ("val", "tiny_run.TinyData", 2),
                ("test", "tiny_adaptation.DarkData", 3),
                ("target", "tiny_adaptation.DarkData", 6),
            )
        },
        "stages": {
            "other": common | {"objective": supervised},
            "ann_source": common | {"objective": supervised},
            "few_labels": start | {"objective": adapt, "target_label_share": 0.5},
            "adversarial_only": start | {"objective": adversarial},
            "ann_full": start | {"objective": adapt, "num_epochs": 2},
        },
        "variants_of": ["ann_full"],
        "variants": VARIANTS,
        "engine": {"accelerator": "cpu", "precision": "32-true"},
    }
