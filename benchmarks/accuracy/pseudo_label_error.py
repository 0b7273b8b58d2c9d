"""How wrong pseudo labels are while a student learns from them: a callback that measures it."""

import json
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from torch.utils.data import Dataset

from snn_depth.data.sample import SPIKES, Batch, checked, collate
from snn_depth.evaluation.metrics import DepthMetrics
from snn_depth.files.atomic import atomic_path
from snn_depth.objectives.bicross.self_correcting import SelfCorrectingTeacherStudent
from snn_depth.training.module import DepthTraining


class PseudoLabelError(Callback):
    """Compares pseudo labels and student with the target's hidden labels, every few steps.

    It only looks: weights, statistics and random numbers of the training stay as they are.

    Args:
        samples: Target samples with the depth that the objective never sees.
        every_steps: Optimiser steps between two measurements; the first is before the first step,
            the last after the last.
        batch_size: Samples that the uncertainty filter judges together, as in training.
        file: Where the measurements are written when the stage is trained (*.json).

    Attributes:
        measurements: So far, as `measure` returns them, each with its `step`.

    Raises:
        ValueError: When the samples have no depth, or a number is not positive.
    """

    def __init__(
        self, samples: Dataset[Any], *, every_steps: int, batch_size: int, file: Path
    ) -> None:
        if every_steps < 1:
            raise ValueError(f"every_steps is {every_steps}; accepted: 1 or more")
        if not checked(samples[0])[SPIKES].has("depth_m"):
            raise ValueError("the target has no depth to compare its pseudo labels with")
        self.samples, self.every_steps = samples, every_steps
        self.batch_size, self.file = batch_size, file
        self.measurements: list[dict[str, float]] = []

    def state_dict(self) -> dict[str, Any]:
        """What an interrupted stage has measured."""
        return {"measurements": self.measurements}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from there."""
        self.measurements = state_dict["measurements"]

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """The state before the first step."""
        if trainer.global_step == 0:
            self._note(trainer, pl_module)

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Every few steps, and after the last."""
        step = trainer.global_step
        if step % self.every_steps == 0 or step == trainer.estimated_stepping_batches:
            self._note(trainer, pl_module)

    def on_train_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Keep what was measured."""
        with atomic_path(self.file) as temporary:
            temporary.write_text(json.dumps(self.measurements))

    def _note(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        assert isinstance(pl_module, DepthTraining)
        step = {"step": trainer.global_step}
        self.measurements.append(step | self.measure(pl_module))

    @torch.no_grad()
    def measure(self, training: DepthTraining) -> dict[str, float]:
        """Errors on the target as the student and its teacher are now.

        Args:
            training: With `SelfCorrectingTeacherStudent` as its objective.

        Returns:
            `label_abs_rel` of the teacher on all pixels with a hidden label,
            `selected_abs_rel` on those that pass the filter (NaN where none does),
            `selected_share` of the pixels that do, and `abs_rel` of the student: each the mean
            over images.
        """
        network, objective = training.network, training.objective
        assert isinstance(objective, SelfCorrectingTeacherStudent)
        caps = network.depth_range
        labels, selected, student = (
            DepthMetrics(min_depth_m=caps.min_depth_m, max_depth_m=caps.max_depth_m)
            for _ in range(3)
        )
        num_pixels = num_selected = 0
        modes = {module: module.training for module in network.modules()}
        network.eval()
        for batch in self.batches(training.device):
            depth_m, valid_mask = batch[SPIKES].depth_m, batch[SPIKES].valid_mask
            not_mirrored = torch.zeros(len(depth_m), dtype=torch.bool, device=training.device)
            # The objective's own labels and filter, on the weak view as it is.
            teacher = objective.teacher_sees(batch)
            pseudo_m, mask = objective.pseudo_labels(teacher, not_mirrored)
            labels.update(pseudo_m, depth_m, valid_mask)
            selected.update(pseudo_m, depth_m, valid_mask & mask)
            student.update(network(network.read(batch)).depth_m, depth_m, valid_mask)
            num_pixels += int(valid_mask.sum())
            num_selected += int((valid_mask & mask).sum())
        for module, mode in modes.items():
            module.training = mode
        return {
            "label_abs_rel": labels.compute()["abs_rel"].item(),
            "selected_abs_rel": selected.compute()["abs_rel"].item()
            if num_selected
            else float("nan"),
            "selected_share": num_selected / num_pixels,
            "abs_rel": student.compute()["abs_rel"].item(),
        }

    def batches(self, device: torch.device) -> list[Batch]:
        """The samples in batches (without a loader, which would draw a random number)."""
        indices = range(len(self.samples))  # type: ignore[arg-type]
        starts = indices[:: self.batch_size]
        parts = [[self.samples[i] for i in indices[s : s + self.batch_size]] for s in starts]
        return [collate(part).to(device) for part in parts]
