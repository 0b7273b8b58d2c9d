"""A recipe: data sets, an ordered list of stages, and what to evaluate at the end."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from torch.utils.data import Dataset

from snn_depth.data.augment.augmentation import Augmentation
from snn_depth.data.augment.strong_view import StrongView
from snn_depth.geometry.crops import EvaluationCrop
from snn_depth.models.predictor import DepthPredictor
from snn_depth.objectives.base import Objective

logger = logging.getLogger(__name__)
Precision = Literal["auto", "32-true", "bf16-mixed", "16-mixed"]


@dataclass(frozen=True)
class OptimizerSettings:
    """AdamW with linear warm-up and cosine decay to zero.

    Attributes:
        learning_rate: Peak learning rate.
        weight_decay: Decoupled weight decay of weights with two or more dimensions.
        warmup_fraction: Share of the steps in which the rate rises.
        max_gradient_norm: Gradients are clipped to this norm; 0 does not clip.
    """

    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    warmup_fraction: float = 0.05
    max_gradient_norm: float = 1.0


@dataclass(frozen=True)
class EngineSettings:
    """Where and how precisely to compute.

    Attributes:
        accelerator: cpu, gpu or auto.
        devices: Processes (CPU) or GPUs per machine.
        num_nodes: Machines, each started with torchrun.
        precision: auto is bf16-mixed where the processor has bfloat16 arithmetic.
        num_loader_workers: Loader processes; 0 is fastest when samples are cached in memory.
    """

    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    devices: int = 1
    num_nodes: int = 1
    precision: Precision = "auto"
    num_loader_workers: int = 0


@dataclass(frozen=True)
class Stage:
    """One network trained with one objective.

    Attributes:
        name: Name of the stage; later stages refer to it.
        network: The network to train.
        objective: What is optimised.
        train_data: Name of the data set to train on.
        val_data: Name of the data set that is watched (never chosen by).
        num_epochs: Passes over the training data.
        batch_size: Samples per process and step.
        init_from: Stage or checkpoint file whose weights the network starts from.
        augmentation: Random changes of training samples.
        target_data: Name of a data set to adapt to, whose depth is hidden; for objectives that
            read a target.
        target_label_share: Share of its samples whose depth stays visible, 0 to 1.
        strong_view: Random changes of the target samples that the student sees.
        optimizer: Optimiser and schedule.
        evaluate: Whether the final table has a row for this network.
        test_data: Names of the data sets that this network is scored on, if not the recipe's: a
            spiking network trained on another number of time bins, say.
        hidden: What the objective must not see of any sample: a field such as depth_m, a field of
            one sensor such as spikes.depth_m, or a sensor. Reading it raises.
    """

    name: str
    network: Callable[[], DepthPredictor]
    objective: Callable[[], Objective]
    train_data: str = "train"
    val_data: str = "val"
    num_epochs: int = 10
    batch_size: int = 16
    init_from: str | None = None
    augmentation: Augmentation = field(default_factory=Augmentation)
    target_data: str | None = None
    target_label_share: float = 0.0
    strong_view: StrongView = field(default_factory=StrongView)
    optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)
    evaluate: bool = True
    test_data: list[str] | None = None
    hidden: list[str] | None = None

    @property
    def camera_data(self) -> str:
        """Name of the data set whose camera the network knows when the stage is over.

        That is the target's where the objective adapts to one, else the training data's.
        """
        if self.target_data is not None and self.objective().needs_target:
            return self.target_data
        return self.train_data

    def __post_init__(self) -> None:
        for name, least in (("num_epochs", 1), ("batch_size", 2)):
            if getattr(self, name) < least:
                raise ValueError(
                    f"stage {self.name!r}: {name} is {getattr(self, name)}; "
                    f"accepted: {least} or more"
                )
        if self.test_data is not None and not self.test_data:
            raise ValueError(
                f"stage {self.name!r}: test_data is empty; accepted: one or more, or null for the "
                "recipe's"
            )
        if not 0 <= self.target_label_share <= 1:
            raise ValueError(
                f"stage {self.name!r}: target_label_share is {self.target_label_share}; "
                "accepted: 0 to 1"
            )
        if self.target_label_share and self.target_data is None:
            raise ValueError(
                f"stage {self.name!r} has a target_label_share, but no target_data to take labels "
                "from"
            )
        if self.target_label_share and {"depth_m", "spikes.depth_m"} & set(self.hidden or ()):
            raise ValueError(
                f"stage {self.name!r} hides {self.hidden} and has a target_label_share; accepted: "
                "one of them"
            )


def check_target(stage: Stage, objective: Objective) -> None:
    """Make sure that a stage has a target where its objective adapts to one.

    Args:
        stage: The stage.
        objective: Its objective.

    Raises:
        ValueError: When the target is missing.
    """
    kind = type(objective).__name__
    if objective.needs_target and stage.target_data is None:
        raise ValueError(
            f"stage {stage.name!r}: {kind} adapts to a target; name its data in target_data"
        )
    if stage.target_data is not None and not objective.needs_target:
        logger.warning(
            "stage %r: target_data %r is ignored, since %s does not read it",
            stage.name,
            stage.target_data,
            kind,
        )


def needed_networks(stage: Stage, objective: Objective) -> list[str]:
    """Stages and files that a stage starts from or learns from."""
    start = [] if stage.init_from is None else [stage.init_from]
    return list(dict.fromkeys([*start, *objective.needs]))


def stage_of(needed: str, stages: Collection[str]) -> str | None:
    """The stage that a needed network is of, named as `stage` or `stage/name`; None for a file."""
    if needed in stages:
        return needed
    owner = needed.partition("/")[0]
    return owner if owner in stages and not Path(needed).is_file() else None


def training_order(needs: Mapping[str, Sequence[str]]) -> list[str]:
    """Stages in the given order, but each after those that it needs.

    Args:
        needs: By stage: stages and files that it starts from or learns from.

    Raises:
        ValueError: When something needed is neither, or a stage needs itself in the end.
    """
    order: list[str] = []

    def add(name: str, wanted_by: tuple[str, ...]) -> None:
        if name in order:
            return
        for needed in needs[name]:
            owner = stage_of(needed, needs)
            if owner in (*wanted_by, name):
                chain = " needs ".join((*wanted_by, name, needed))
                raise ValueError(
                    f"stage {name!r} needs {needed!r}, which is neither a stage that can come "
                    f"before it ({chain}) nor a file"
                )
            if owner is not None:
                add(owner, (*wanted_by, name))
            elif not Path(needed).is_file():
                raise ValueError(
                    f"stage {name!r} needs {needed!r}, which is neither another stage "
                    f"({', '.join(needs)}) nor a file"
                )
        order.append(name)

    for name in needs:
        add(name, ())
    return order


@dataclass(frozen=True)
class Recipe:
    """A whole run.

    Attributes:
        data: Data sets by name, each a class path with arguments; your own class needs only
            `__len__`, `__getitem__` (see `RecordingDataset`) and a `spec`.
        stages: What is trained, by name: in this order, but each after those that it needs.
        test_data: Names of the data sets that the final table is about, unless a stage has its
            own.
        shown_data: Names of data sets without depth, of which the run ends with a picture only.
        compare_with: Networks from checkpoint files that table and pictures set beside the
            stages; file by the name of its row.
        crop: Part of the test images that counts.
        data_identity: Names for the files of data sets that are not at hand everywhere, or very
            large: what was trained on them stays valid while the name does. Other files are told
            apart by names in their folder, sizes and some of their bytes.
        output_dir: Folder for everything the run writes.
        store: Folder of trained stages that recipes share; empty is `stages` beside `output_dir`.
            A stage that is there, trained with the same settings, data and predecessors, is not
            trained again.
        seeds: The whole recipe runs once for every seed.
        engine: Where and how precisely to compute.
        results: File for the table in JSON; empty writes it into `output_dir`.
        variants: Ablations: groups of changes by name, each merged onto one of `variants_of`.
            Nothing trains them but benchmarks that ask for them.
        variants_of: Names of the stages that the variants change.
        as_is: Names of stages whose rows show the network all pictures as they are, also those of
            another lens or size than it knows. Beside each stands a row NAME_canonical_camera, for
            which they are resampled first, as `evaluate` and `predict` do it for all networks.
    """

    data: dict[str, Callable[[], Dataset[Any]]]
    stages: dict[str, Stage]
    test_data: list[str] = field(default_factory=lambda: ["test"])
    shown_data: list[str] = field(default_factory=list)
    compare_with: dict[str, str] = field(default_factory=dict)
    crop: EvaluationCrop = "none"
    data_identity: dict[str, str] = field(default_factory=dict)
    output_dir: str = "runs/default"
    store: str = ""
    seeds: list[int] = field(default_factory=lambda: [0])
    engine: EngineSettings = field(default_factory=EngineSettings)
    results: str = ""
    variants: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    variants_of: list[str] = field(default_factory=list)
    as_is: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for field_name in ("stages", "seeds", "test_data"):
            if not getattr(self, field_name):
                raise ValueError(f"{field_name} is empty; accepted: one or more")
        known = ", ".join(self.data)
        for field_name in ("test_data", "shown_data"):
            for name in getattr(self, field_name):
                if name not in self.data:
                    raise ValueError(f"{field_name} names {name!r}; the recipe has: {known}")
        for name, file in self.compare_with.items():
            if name in self.stages:
                raise ValueError(f"compare_with and a stage have the name {name!r}")
            if not Path(file).is_file():
                raise ValueError(f"compare_with names {file!r}, which is not a file")
        for name in self.data_identity:
            if name not in self.data:
                raise ValueError(f"data_identity names {name!r}; the recipe has: {known}")
        for field_name in ("variants_of", "as_is"):
            for name in getattr(self, field_name):
                if name not in self.stages:
                    raise ValueError(
                        f"{field_name} names {name!r}; the recipe has: {', '.join(self.stages)}"
                    )
        needs: dict[str, list[str]] = {}
        for name, stage in self.stages.items():
            if stage.name != name:
                raise ValueError(f"stage {name!r} has the name {stage.name!r}; accepted: {name!r}")
            self._check_data(stage)
            needs[name] = self._check_objective(stage)
        order = training_order(needs)
        object.__setattr__(self, "stages", {name: self.stages[name] for name in order})

    def _check_data(self, stage: Stage) -> None:
        target_names = [] if stage.target_data is None else [stage.target_data]
        for name in (stage.train_data, stage.val_data, *target_names, *(stage.test_data or [])):
            if name not in self.data:
                raise ValueError(
                    f"stage {stage.name!r} names data {name!r}; the recipe has: "
                    f"{', '.join(self.data)}"
                )

    def _check_objective(self, stage: Stage) -> list[str]:
        objective = stage.objective()
        check_target(stage, objective)
        if stage.evaluate and not objective.leaves_statistics:
            raise ValueError(
                f"stage {stage.name!r} is scored with normalisation statistics that mean "
                "nothing (separate_statistics is true); accepted: evaluate: false, and after "
                "it a stage of AdaptiveNormalization that starts from it"
            )
        return needed_networks(stage, objective)

    @property
    def first_stage(self) -> Stage:
        """The stage whose training data the median baselines are of, and whose depths count."""
        return next(iter(self.stages.values()))

    @property
    def store_folder(self) -> Path:
        """Where trained stages are kept."""
        return Path(self.store) if self.store else Path(self.output_dir).parent / "stages"

    def tests_of(self, stage: Stage) -> list[str]:
        """Names of the data sets that a stage's network is scored on."""
        return self.test_data if stage.test_data is None else stage.test_data

    def test_names(self) -> list[str]:
        """Names of all data sets that something is scored on."""
        own = [name for stage in self.stages.values() for name in self.tests_of(stage)]
        return list(dict.fromkeys([*self.test_data, *own]))

    def data_names(self) -> list[str]:
        """Names of the data sets that a run reads, targets first.

        Targets are the user's own more often than sources, which may take minutes to render.
        """
        stages = self.stages.values()
        targets = [stage.target_data for stage in stages if stage.target_data is not None]
        sources = [name for stage in stages for name in (stage.train_data, stage.val_data)]
        return list(dict.fromkeys([*targets, *self.shown_data, *self.test_names(), *sources]))
