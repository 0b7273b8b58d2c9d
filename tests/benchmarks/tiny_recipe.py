"""A recipe for the matrix whose stages train in a second or two."""

from typing import Any

Settings = dict[str, Any]
SUPERVISED = {"class_path": "snn_depth.objectives.SupervisedDepth"}


def stage(name: str, kind: str = "AnnDepthNet", input_key: str = "spikes", **keys: Any) -> Settings:
    network = {
        "class_path": f"snn_depth.models.depth_network.{kind}",
        "init_args": {"channel_multipliers": [1, 2], "input_key": input_key},
    }
    shared = {"network": network, "objective": SUPERVISED, "num_epochs": 2, "batch_size": 2}
    return {"name": name} | shared | keys


def tiny_settings() -> Settings:
    """Teacher, twin and its oracle on a handful of samples."""
    sizes = {"train": 4, "val": 2, "test": 3, "target": 6}
    tiny_data = "tests.snn_depth.training.tiny_run.TinyData"
    return {
        "data": {
            name: {"class_path": tiny_data, "init_args": {"num_samples": size}}
            for name, size in sizes.items()
        },
        "stages": [
            stage("rgb_teacher", input_key="rgb"),
            stage("ann_source_only"),
            stage("ann_oracle", train_data="target", init_from="ann_source_only"),
        ],
        "test_data": ["test"],
        "engine": {"accelerator": "cpu", "precision": "32-true"},
    }
