"""Train one stage of a recipe, resumable at every end of an epoch."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import (
    Callback,
    LearningRateMonitor,
    ModelCheckpoint,
    RichProgressBar,
    Timer,
)
from lightning.pytorch.loggers import TensorBoardLogger
from torch.utils.data import DataLoader, Dataset

from snn_depth.data.augment.augmentation import AugmentedDataset
from snn_depth.data.augment.pairing import PairedDataset
from snn_depth.data.augment.sampler import EpochSampler
from snn_depth.data.sample import check_hidden, checked, collate
from snn_depth.data.spec import DataSpec
from snn_depth.models.predictor import DepthPredictor
from snn_depth.objectives.base import LoadNetwork, Objective
from snn_depth.training.allocator import disable_memory_trimming
from snn_depth.training.callbacks import FiringRateWatch
from snn_depth.training.checkpoint import check_can_be_saved, copy_weights, save_network
from snn_depth.training.module import DepthTraining
from snn_depth.training.processes import process_rank, runs_on_gpu
from snn_depth.training.recipe import EngineSettings, Stage

logger = logging.getLogger(__name__)
NETWORK_FILE = "network.safetensors"
RESUME_FILE = "last.ckpt"


def train_stage(
    stage: Stage,
    train_data: Dataset[Any],
    val_data: Dataset[Any],
    target_data: Dataset[Any] | None = None,
    *,
    spec: DataSpec,
    seed: int,
    folder: Path,
    load: LoadNetwork,
    engine: EngineSettings,
    provenance: dict[str, Any],
    callbacks: Sequence[Callback] = (),
) -> DepthPredictor:
    """Train a stage and save its network.

    The initial weights and the order of samples depend on the seed alone, not on the stage, so
    that stages of one recipe can be compared. An interrupted stage continues from its last
    finished epoch with exactly the result of an uninterrupted one.

    Args:
        stage: What to train.
        train_data: Samples to train on.
        val_data: Samples to watch.
        target_data: Samples to adapt to; their depth is hidden.
        spec: The camera that the network knows afterwards; it is stored with it.
        seed: Seed of the run.
        folder: Where the stage writes.
        load: Returns the network of an earlier stage or of a file.
        engine: Where and how precisely to compute.
        provenance: Stored with the network, and beside it the stage's name, the seed and the time
            that training took in all its parts.
        callbacks: What else watches the training.

    Returns:
        The trained network, in evaluation mode on the CPU.
    """
    rank, num_ranks = process_rank(engine)
    check_hidden(stage.hidden or (), checked(train_data[0]))
    if checked(val_data[0]).labelled is None:
        logger.info("stage %s: %s has no depth; metrics are left out", stage.name, stage.val_data)
    lightning.seed_everything(seed, verbose=False)
    network = stage.network()
    check_can_be_saved(network)
    if stage.init_from is not None:
        copy_weights(load(stage.init_from), network)
    logger.info("stage %s: %s", stage.name, network.summary(spec.height, spec.width))
    objective = stage.objective()
    objective.setup(network, load)
    check_own_networks(objective)
    sampler = EpochSampler(
        len(train_data),  # type: ignore[arg-type]
        batch_size=stage.batch_size,
        seed=seed,
        rank=rank,
        num_ranks=num_ranks,
    )
    module = DepthTraining(
        network, objective, stage.optimizer, stage.num_epochs * sampler.num_steps
    )
    train_loader = DataLoader(
        training_samples(stage, train_data, target_data, seed),
        batch_size=stage.batch_size,
        sampler=sampler,
        collate_fn=partial(collate, hidden=stage.hidden or ()),
        num_workers=engine.num_loader_workers,
        persistent_workers=engine.num_loader_workers > 0,  # they keep what they have decoded
    )
    val_loader = DataLoader(val_data, batch_size=stage.batch_size, collate_fn=collate)
    disable_memory_trimming()
    timer = Timer()
    trainer = lightning.Trainer(
        max_epochs=stage.num_epochs,
        accelerator=engine.accelerator,
        devices=engine.devices,
        num_nodes=engine.num_nodes,
        precision=resolve_precision(engine),
        gradient_clip_val=stage.optimizer.max_gradient_norm or None,
        logger=TensorBoardLogger(folder, name="", version="tensorboard"),
        callbacks=[
            ModelCheckpoint(folder, filename=Path(RESUME_FILE).stem, enable_version_counter=False),
            LearningRateMonitor(),
            RichProgressBar(),
            FiringRateWatch(),
            timer,
            *callbacks,
        ],
        use_distributed_sampler=False,
        # torch has it for GPUs only; on CPUs every process normalises with its own batch.
        sync_batchnorm=num_ranks > 1 and runs_on_gpu(engine),
        num_sanity_val_steps=0,
        log_every_n_steps=10,
        enable_model_summary=False,
    )
    resume_file = folder / RESUME_FILE
    try:
        trainer.fit(
            module,
            train_loader,
            val_loader,
            ckpt_path=resume_file if resume_file.is_file() else None,
            weights_only=True,
        )
    except SystemExit:
        if trainer.interrupted:  # the engine turns Ctrl-C into an exit with code 1
            raise KeyboardInterrupt from None
        raise
    network = network.cpu().eval()
    if trainer.is_global_zero:
        provenance = provenance | {
            "stage": stage.name,
            "seed": seed,
            "train_seconds": round(timer.time_elapsed(), 1),
        }
        for name, own in objective.networks().items():
            save_network(folder / f"{name}.safetensors", own.cpu().eval(), spec, provenance)
        # Last: a stage with this file is finished.
        save_network(folder / NETWORK_FILE, network, spec, provenance)
        resume_file.unlink(missing_ok=True)
    trainer.strategy.barrier()
    return network


def camera_of(stage: Stage, data: Callable[[str], Dataset[Any]]) -> DataSpec:
    """The camera that a stage's network knows when the stage is over."""
    spec: DataSpec = data(stage.camera_data).spec  # type: ignore[attr-defined]
    return spec


def check_own_networks(objective: Objective) -> None:
    """Make sure that what an objective wants to be saved can be, and is part of it.

    Raises:
        ValueError: Naming the network, before anything is trained.
    """
    modules = set(objective.modules())
    for name, network in objective.networks().items():
        kind = type(objective).__name__
        if not name.isidentifier() or name == Path(NETWORK_FILE).stem:
            raise ValueError(
                f"{kind} has a network called {name!r}; accepted: a name of letters, digits and _, "
                f"other than {Path(NETWORK_FILE).stem!r}"
            )
        if network not in modules:
            raise ValueError(f"network {name!r} of {kind} is no submodule of it, and would be lost")
        check_can_be_saved(network)


def training_samples(
    stage: Stage, train_data: Dataset[Any], target_data: Dataset[Any] | None, seed: int
) -> Dataset[Any]:
    """Augmented training samples, with a target sample beside each where there is a target.

    Args:
        stage: What to train.
        train_data: Samples to train on.
        target_data: Samples to adapt to.
        seed: Seed of the run.

    Returns:
        Data set that is indexed with (epoch, index).
    """
    source = AugmentedDataset(train_data, stage.augmentation, seed)
    if target_data is None:
        return source
    return PairedDataset(
        source, target_data, stage.strong_view, label_share=stage.target_label_share, seed=seed
    )


def resolve_precision(engine: EngineSettings) -> Any:
    """The engine's precision, "auto" decided by the hardware.

    Args:
        engine: Settings.

    Returns:
        A precision that the trainer understands.
    """
    if engine.precision != "auto":
        return engine.precision
    if runs_on_gpu(engine):
        has_bf16 = torch.cuda.is_bf16_supported()
    else:
        has_bf16 = bool(torch.cpu.get_capabilities().get("avx512_bf16"))
    return "bf16-mixed" if has_bf16 else "32-true"
