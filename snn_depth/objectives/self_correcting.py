"""Self-correcting teacher-student adaptation to unlabelled target spikes (SCTS)."""

from contextlib import AbstractContextManager, nullcontext
from typing import cast

import torch
from torch import Tensor, nn

from snn_depth.losses.domain_adversarial import domain_loss, reverse_gradient
from snn_depth.losses.pseudo_labels import pseudo_label_mask
from snn_depth.losses.silog import scale_invariant_log_loss
from snn_depth.models.normalization import with_kept_statistics, without_recording
from snn_depth.models.prediction import DepthPrediction
from snn_depth.models.predictor import DepthPredictor
from snn_depth.objectives.base import Batch, LoadNetwork, Objective, part_of, predict, target_of
from snn_depth.objectives.supervised import SupervisedDepth
from snn_depth.teachers.ema import EmaTeacher, check_decay


class SelfCorrectingTeacherStudent(Objective):
    """L_depth + L_unc on the source, L_SCP and L_SCA on the unlabelled target, in one loss.

    L_SCP: a teacher, the moving average of the student, predicts the weak view of target spikes;
    the student learns that on the strong view, on the pixels where the teacher is certain. L_SCA:
    one discriminator shared by both domains looks at pooled deep features through a gradient
    reversal. The student normalises every domain with its own batch statistics and keeps those of
    the target, unless `target_statistics` is off.

    Source: BiCross (arXiv 2208.12527), stage 3, as its figures show it. Its released code optimises
    either term alone, drops the source's supervision with the first, gives both views the same
    spikes, leaves buffers out of the average, and has a discriminator per domain.

    Args:
        pseudo_label_weight: Weight of L_SCP once it is ramped up; 0 switches it off.
        adversarial_weight: Weight of L_SCA; 0 switches it off.
        source_weight: Weight of the supervised terms on the source; 0 switches them off.
        ema_decay: Share of the teacher that stays in each update; 0 makes it the student.
        quantile: Share of a batch's target pixels that L_SCP learns from, those of the lowest
            uncertainty; 1 is no filter.
        final_quantile: That share at the end of the ramp; None keeps it.
        max_uncertainty: Pixels above it are never learned from; 1 is no bound.
        ramp_steps: Optimiser steps in which L_SCP's weight (from 0) and the quantile change
            linearly; 0 begins at the end of the ramp.
        adversarial_tap: Population whose pooled features the discriminator sees.
        reversal: Factor on the discriminator's reversed gradient.
        target_statistics: Whether each domain is normalised with the statistics of its batch, and
            those of the target are kept; else both are normalised with the statistics that the
            student starts with. Those of a target of one scene or two say nothing about others.
        supervised: The supervised terms on the source's labels, and on target labels where the
            stage leaves some visible.

    Raises:
        ValueError: For a negative weight or a share outside 0..1.
    """

    needs_target = True

    def __init__(
        self,
        pseudo_label_weight: float = 1.0,
        adversarial_weight: float = 0.1,
        source_weight: float = 1.0,
        ema_decay: float = 0.99,
        quantile: float = 0.5,
        final_quantile: float | None = None,
        max_uncertainty: float = 1.0,
        ramp_steps: int = 50,
        adversarial_tap: str = "enc3b",
        reversal: float = 1.0,
        target_statistics: bool = True,
        supervised: SupervisedDepth | None = None,
    ) -> None:
        super().__init__()
        weights = {
            "pseudo_label_weight": pseudo_label_weight,
            "adversarial_weight": adversarial_weight,
            "source_weight": source_weight,
            "ramp_steps": ramp_steps,
            "reversal": reversal,
        }
        for name, value in weights.items():
            if value < 0:
                raise ValueError(f"{name} is {value}; accepted: 0 or more")
        self.quantiles = (quantile, quantile if final_quantile is None else final_quantile)
        shares = {
            "quantile": self.quantiles[0],
            "final_quantile": self.quantiles[1],
            "max_uncertainty": max_uncertainty,
        }
        for name, value in shares.items():
            if not 0 <= value <= 1:
                raise ValueError(f"{name} is {value}; accepted: 0 to 1")
        check_decay(ema_decay)
        self.pseudo_label_weight = pseudo_label_weight
        self.adversarial_weight = adversarial_weight
        self.source_weight = source_weight
        self.ema_decay = ema_decay
        self.max_uncertainty = max_uncertainty
        self.ramp_steps = ramp_steps
        self.adversarial_tap = adversarial_tap
        self.reversal = reversal
        self.target_statistics = target_statistics
        self.supervised = supervised or SupervisedDepth()

    def setup(self, network: DepthPredictor, load: LoadNetwork) -> None:
        """Copy the student into its teacher and, where it is used, make the discriminator."""
        self.teacher = EmaTeacher(network, self.ema_decay)
        if not self.adversarial_weight:
            return  # several processes cannot train together what gets no gradient
        channels = network.feature_channels
        if self.adversarial_tap not in channels:
            raise ValueError(
                f"adversarial_tap is {self.adversarial_tap!r}; accepted: {', '.join(channels)}"
            )
        self.discriminator = discriminator(channels[self.adversarial_tap])

    def forward(self, network: DepthPredictor, batch: Batch) -> dict[str, Tensor]:
        """Terms `depth`, `uncertainty` (source), `pseudo_label`, `adversarial` (target)."""
        target = target_of(batch)
        taps = (self.adversarial_tap,) if self.adversarial_weight else ()
        terms: dict[str, Tensor] = {}
        source = None
        if self.source_weight or self.adversarial_weight:
            with self.source_normalization(network):
                source = predict(network, batch, taps=taps)
        if source is not None and self.source_weight:
            supervised = self.supervised.terms(source, batch)
            terms |= {name: self.source_weight * term for name, term in supervised.items()}
        with self.target_normalization(network):
            student: DepthPrediction = network(part_of(target, "strong_spikes"), taps=taps)
        if self.pseudo_label_weight:
            terms["pseudo_label"] = self.ramped_weight() * self.pseudo_label_loss(student, target)
        if source is not None and self.adversarial_weight:
            terms["adversarial"] = self.adversarial_weight * self.adversarial_loss(source, student)
        if "depth_m" in target:  # the stage left some labels visible
            labelled = self.supervised.terms(student, mirrored_labels(target))
            terms |= {f"target_{name}": term for name, term in labelled.items()}
        return terms

    def source_normalization(self, network: DepthPredictor) -> AbstractContextManager[None]:
        """How source batches are normalised."""
        return (without_recording if self.target_statistics else with_kept_statistics)(network)

    def target_normalization(self, network: DepthPredictor) -> AbstractContextManager[None]:
        """How target batches are normalised."""
        return nullcontext() if self.target_statistics else with_kept_statistics(network)

    def progress(self) -> float:
        """How far the ramp is, 0 to 1."""
        if not self.ramp_steps:
            return 1.0
        return min(1.0, int(self.teacher.num_updates) / self.ramp_steps)

    def ramped_weight(self) -> float:
        """Present weight of L_SCP."""
        return self.pseudo_label_weight * self.progress()

    def pseudo_labels(self, target: Batch) -> tuple[Tensor, Tensor]:
        """What the teacher says about the target, seen as the strong view shows it.

        Args:
            target: With `spikes` and `mirrored`.

        Returns:
            Depth in metres and the mask of the pixels to learn from, both (B, 1, H, W).
        """
        weak = cast(DepthPrediction, self.teacher(part_of(target, "spikes")))
        start, end = self.quantiles
        mask = pseudo_label_mask(
            weak.uncertainty,
            quantile=start + (end - start) * self.progress(),
            max_uncertainty=self.max_uncertainty,
        )
        mirrored = part_of(target, "mirrored")
        return mirror_where(mirrored, weak.depth_m), mirror_where(mirrored, mask)

    def pseudo_label_loss(self, student: DepthPrediction, target: Batch) -> Tensor:
        """L_SCP.

        Args:
            student: Prediction for the strong view.
            target: With both views.

        Returns:
            0-dim tensor; 0 where no pixel passes the filter.
        """
        depth_m, mask = self.pseudo_labels(target)
        return scale_invariant_log_loss(student.depth_m, depth_m, mask)

    def adversarial_loss(self, source: DepthPrediction, target: DepthPrediction) -> Tensor:
        """L_SCA.

        Args:
            source: Prediction with the adversarial tap.
            target: Likewise.

        Returns:
            0-dim tensor.
        """
        logits = [
            self.discriminator(
                reverse_gradient(p.features[self.adversarial_tap].float(), self.reversal)
            )
            for p in (source, target)
        ]
        return domain_loss(logits[0], logits[1])

    def after_optimizer_step(self, network: DepthPredictor) -> None:
        """Move the teacher towards the student."""
        self.teacher.update(network)


def discriminator(num_channels: int, num_hidden: int = 64) -> nn.Sequential:
    """Global average pooling and a two-layer perceptron.

    There is no batch normalisation in it: the statistics of a batch of one domain would give the
    domain away.

    Args:
        num_channels: Channels of the features.
        num_hidden: Width of the hidden layer.

    Returns:
        Module from (B, num_channels, h, w) to the logit of "target", (B, 1).
    """
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(num_channels, num_hidden),
        nn.ReLU(),
        nn.Linear(num_hidden, 1),
    )


def mirror_where(mirrored: Tensor, maps: Tensor) -> Tensor:
    """Mirror the maps of some samples left-right.

    Args:
        mirrored: Boolean, shape (B,).
        maps: Shape (B, C, H, W).

    Returns:
        Shape of `maps`.
    """
    return torch.where(mirrored.view(-1, 1, 1, 1), maps.flip(-1), maps)


def mirrored_labels(target: Batch) -> Batch:
    """The visible labels of a target batch as its strong view shows them."""
    keys = ("depth_m", "valid_mask")
    return {key: mirror_where(part_of(target, "mirrored"), part_of(target, key)) for key in keys}
