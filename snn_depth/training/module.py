"""The one LightningModule: it runs any objective on any network."""

import math
from typing import Any

import lightning
import torch
from torch import Tensor, nn

from snn_depth.data.sample import Batch
from snn_depth.evaluation.metrics import depth_metrics
from snn_depth.models.predictor import DepthPredictor
from snn_depth.objectives.base import Objective
from snn_depth.training.recipe import OptimizerSettings


class DepthTraining(lightning.LightningModule):
    """Sums the objective's terms, logs them, and validates in the same way for all.

    Args:
        network: Network to train.
        objective: What is optimised; already set up.
        optimizer: Optimiser and schedule.
        num_steps: Optimiser steps of the whole stage.
    """

    def __init__(
        self,
        network: DepthPredictor,
        objective: Objective,
        optimizer: OptimizerSettings,
        num_steps: int,
    ) -> None:
        super().__init__()
        self.network, self.objective = network, objective
        self.settings, self.num_steps = optimizer, num_steps
        # The engine and its several processes want something to train, also where an objective
        # only re-estimates statistics: a number without any effect.
        self.idle = nn.Parameter(torch.zeros(()), requires_grad=not self.trained_parameters())

    def trained_parameters(self) -> list[nn.Parameter]:
        """Weights of network and objective that are not frozen."""
        return [p for p in self.parameters() if p.requires_grad]

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """Loss of one batch; 0 where the objective has nothing to minimise."""
        terms = self.objective(self.network, batch)
        if not terms:
            return 0 * self.idle
        loss = torch.stack(list(terms.values())).sum()
        self.log("loss", loss, prog_bar=True, logger=False)
        self.log_dict({f"train/{name}": term for name, term in terms.items()})
        return loss

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        """Metrics, where the data has depth, and firing rates of one batch."""
        prediction = self.network(self.network.read(batch))
        options: dict[str, Any] = {"on_epoch": True, "sync_dist": True, "batch_size": len(batch)}
        truth = self.network.view(batch)
        if truth.has("depth_m"):
            depth_range = self.network.depth_range
            metrics = depth_metrics(
                prediction.depth_m,
                truth.depth_m,
                truth.valid_mask,
                min_depth_m=depth_range.min_depth_m,
                max_depth_m=depth_range.max_depth_m,
            )
            self.log("val_abs_rel", metrics["abs_rel"].nanmean(), prog_bar=True, **options)
        rates = {f"firing_rate/{name}": r for name, r in prediction.firing_rates.items()}
        if rates:
            self.log_dict(rates, **options)
            mean_rate = torch.stack(list(rates.values())).mean()
            self.log("firing_rate", mean_rate, prog_bar=True, **options)

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        """One optimiser step, then the objective's own update (an EMA teacher, say)."""
        super().optimizer_step(*args, **kwargs)
        self.objective.after_optimizer_step(self.network)

    def configure_optimizers(self) -> Any:
        """AdamW; biases and normalisation are not decayed."""
        trained = self.trained_parameters()
        groups: list[dict[str, Any]] = [
            {"params": [p for p in trained if p.ndim > 1]},
            {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(
            groups, lr=self.settings.learning_rate, weight_decay=self.settings.weight_decay
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer,
            lambda step: warmup_cosine(step, self.num_steps, self.settings.warmup_fraction),
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


def warmup_cosine(step: int, num_steps: int, warmup_fraction: float) -> float:
    """Factor on the learning rate: linear warm-up, then cosine decay to zero.

    Args:
        step: Optimiser steps done.
        num_steps: Optimiser steps in all.
        warmup_fraction: Share of the steps in which the factor rises.

    Returns:
        Factor in 0..1.
    """
    num_warmup_steps = warmup_fraction * num_steps
    if step < num_warmup_steps:
        return (step + 1) / (num_warmup_steps + 1)
    progress = (step - num_warmup_steps) / max(1.0, num_steps - num_warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
