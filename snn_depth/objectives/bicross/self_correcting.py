"""Self-correcting teacher-student adaptation to unlabelled target spikes (SCTS)."""

from contextlib import nullcontext
from typing import cast

import torch
import torch.distributed as dist
from torch import Tensor

from snn_depth.data.augment.integrated_counts import integrated_counts
from snn_depth.data.augment.target_style import in_target_style
from snn_depth.data.sample import SPIKES, Batch
from snn_depth.losses.domain_adversarial import domain_loss, reverse_gradient
from snn_depth.losses.pseudo_labels import pseudo_label_mask
from snn_depth.losses.silog import scale_invariant_log_loss
from snn_depth.models.domain_discriminator import domain_discriminator
from snn_depth.models.normalization import with_batch_statistics
from snn_depth.models.prediction import DepthPrediction
from snn_depth.models.predictor import DepthPredictor
from snn_depth.objectives.base import LoadNetwork, Objective, target_of
from snn_depth.objectives.bicross.two_domains import Statistics, predict_two_domains
from snn_depth.objectives.supervised import SupervisedDepth
from snn_depth.teachers.ema import EmaTeacher, check_decay
from snn_depth.teachers.frozen import FrozenTeacher


class SelfCorrectingTeacherStudent(Objective):
    """L_depth + L_unc on the source, L_SCP and L_SCA on the unlabelled target, in one loss.

    L_SCP: a teacher, the moving average of the student, predicts the weak view of target spikes;
    the student learns that on the strong view, on the pixels where the teacher is certain. L_SCA:
    one discriminator shared by both domains looks at pooled deep features through a gradient
    reversal. Source and target pass the student as one batch.

    Some source samples are shown in the target's style (`in_target_style`): pseudo labels can only
    make certain what the teacher half knows already, while those samples teach how true depth
    looks in the target's weather and through its sensor.

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
        style_probability: Share of the source samples that take on the target's style, ours; 0 is
            the paper's SCTS.
        separate_statistics: Whether each domain is normalised with its own batch's statistics, not
            with those of both. Those that the network keeps mean nothing then; a stage of
            `AdaptiveNormalization` must follow, which also spares them the strong view's changes.
        keep_statistics: Whether both domains are normalised with the statistics that the student
            starts with, and these are kept, as befits a target of one scene or two; else with
            those of the two domains' common batch.
        target_statistics: Whether the teacher normalises the target with the target's own
            statistics, those of the batch. For a target that looks different, in weather or
            sensor, it then sees more; in one that has other things to see, less.
        teacher: Name of a stage that has adapted a network already, or path of its checkpoint: it
            teaches, as it is, in place of the moving average. None is the paper's SCTS. A spiking
            student that starts from its twin's weights has much to learn before it can teach
            itself; the adapted twin can teach it from the first step.
        supervised: The supervised terms on the source's labels, and on target labels where the
            stage leaves some visible.

    Raises:
        ValueError: For a negative weight or a share outside 0..1.
    """

    needs_target = True
    num_steps: Tensor
    teacher: EmaTeacher | FrozenTeacher

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
        style_probability: float = 0.5,
        separate_statistics: bool = False,
        keep_statistics: bool = False,
        target_statistics: bool = False,
        teacher: str | None = None,
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
            "style_probability": style_probability,
        }
        for name, value in shares.items():
            if not 0 <= value <= 1:
                raise ValueError(f"{name} is {value}; accepted: 0 to 1")
        check_decay(ema_decay)
        if separate_statistics and keep_statistics:
            raise ValueError(
                "separate_statistics and keep_statistics are both true; accepted: one of them"
            )
        self.pseudo_label_weight = pseudo_label_weight
        self.adversarial_weight = adversarial_weight
        self.source_weight = source_weight
        self.ema_decay = ema_decay
        self.max_uncertainty = max_uncertainty
        self.ramp_steps = ramp_steps
        self.adversarial_tap = adversarial_tap
        self.reversal = reversal
        self.style_probability = style_probability
        self.statistics: Statistics = "common"
        if separate_statistics or keep_statistics:
            self.statistics = "separate" if separate_statistics else "kept"
        self.target_statistics = target_statistics
        self.teacher_name = teacher
        self.register_buffer("num_steps", torch.tensor(0))
        self.supervised = supervised or SupervisedDepth()

    @property
    def needs(self) -> tuple[str, ...]:
        """The teacher, unless it is the student's own moving average."""
        return () if self.teacher_name is None else (self.teacher_name,)

    @property
    def leaves_statistics(self) -> bool:
        """Not where each domain is normalised with its own batch's."""
        return self.statistics != "separate"

    def setup(self, network: DepthPredictor, load: LoadNetwork) -> None:
        """Copy the student into its teacher or load one, and make the discriminator if needed.

        Raises:
            ValueError: When the student lacks the adversarial tap, or the teacher reads no spikes.
        """
        self.teacher = self.make_teacher(network, load)
        self.depth_range = network.depth_range
        if not self.adversarial_weight:
            return  # several processes cannot train together what gets no gradient
        channels = network.feature_channels
        if self.adversarial_tap not in channels:
            raise ValueError(
                f"adversarial_tap is {self.adversarial_tap!r}; accepted: {', '.join(channels)}"
            )
        self.discriminator = domain_discriminator(channels[self.adversarial_tap])

    def make_teacher(
        self, network: DepthPredictor, load: LoadNetwork
    ) -> EmaTeacher | FrozenTeacher:
        """The student's moving average, or the network that the recipe names.

        Args:
            network: The student.
            load: As for `setup`.

        Raises:
            ValueError: When the named network reads no spikes.
        """
        if self.teacher_name is None:
            return EmaTeacher(network, self.ema_decay)
        teacher = load(self.teacher_name)
        if not teacher.reads_spikes:
            raise ValueError(
                f"teacher {self.teacher_name!r} reads {teacher.input_key!r}; accepted: a network "
                "that reads spikes"
            )
        return FrozenTeacher(teacher)

    def forward(self, network: DepthPredictor, batch: Batch) -> dict[str, Tensor]:
        """Terms `depth`, `uncertainty` (source), `pseudo_label`, `adversarial` (target)."""
        target = target_of(batch)
        if self.pseudo_label_weight or self.style_probability:  # else nothing reads the teacher
            teacher = self.teacher_sees(target.weak)
            batch = self.styled(batch, teacher.depth_m)
        source, student = predict_two_domains(
            network,
            network.read(batch),
            network.read(target.strong),
            taps=(self.adversarial_tap,) if self.adversarial_weight else (),
            statistics=self.statistics,
        )
        terms: dict[str, Tensor] = {}
        if self.source_weight:
            supervised = self.supervised.terms(source, network.view(batch))
            terms |= {name: self.source_weight * term for name, term in supervised.items()}
        if self.pseudo_label_weight:
            loss = self.pseudo_label_loss(student, teacher, target.mirrored)
            terms["pseudo_label"] = self.ramped_weight() * loss
        if self.adversarial_weight:
            terms["adversarial"] = self.adversarial_weight * self.adversarial_loss(source, student)
        strong = network.view(target.strong)
        if strong.has("depth_m"):  # the stage left some labels visible
            labelled = self.supervised.terms(student, strong)
            terms |= {f"target_{name}": term for name, term in labelled.items()}
        return terms

    def teacher_sees(self, weak: Batch) -> DepthPrediction:
        """The teacher's prediction for the weak view of the target, without a graph."""
        statistics = with_batch_statistics if self.target_statistics else nullcontext
        network = cast(DepthPredictor, self.teacher.network)
        with statistics(network):
            return cast(DepthPrediction, self.teacher(network.read(weak)))

    @torch.no_grad()
    def styled(self, batch: Batch, target_depth_m: Tensor) -> Batch:
        """The source batch, some of its samples in the style of the target samples beside them.

        Args:
            batch: Source batch with its target.
            target_depth_m: Depth that the teacher sees in the target, shape (B, 1, H, W).

        Returns:
            A batch with other spikes; `batch` itself where nothing is styled.
        """
        if not self.style_probability:
            return batch
        view = batch[SPIKES]
        spikes = view.image
        generator = self.style_generator(spikes.device)
        draw = torch.rand(spikes.shape[1], generator=generator, device=spikes.device)
        target_spikes = target_of(batch).weak[SPIKES].image
        styled = in_target_style(
            spikes,
            view.depth_m,
            view.valid_mask,
            target_spikes,
            target_depth_m,
            min_depth_m=self.depth_range.min_depth_m,
            max_depth_m=self.depth_range.max_depth_m,
        )
        charge = torch.rand(spikes.shape[1:], generator=generator, device=spikes.device)
        largest = torch.maximum(spikes.max(), target_spikes.max())
        counts = torch.minimum(integrated_counts(styled, charge), largest)
        chosen = (draw < self.style_probability).view(-1, 1, 1, 1)
        return batch.replace(SPIKES, image=torch.where(chosen, counts, spikes))

    def style_generator(self, device: torch.device) -> torch.Generator:
        """Randomness of the present step, the same in a resumed run.

        Several processes, and runs with other seeds, draw differently.

        Args:
            device: Where to draw.
        """
        rank = dist.get_rank() if dist.is_available() and dist.is_initialized() else 0
        key = (torch.initial_seed(), int(self.num_steps), rank)
        return torch.Generator(device).manual_seed(hash(key) % 2**63)

    def progress(self) -> float:
        """How far the ramp is, 0 to 1."""
        if not self.ramp_steps:
            return 1.0
        return min(1.0, int(self.num_steps) / self.ramp_steps)

    def ramped_weight(self) -> float:
        """Present weight of L_SCP."""
        return self.pseudo_label_weight * self.progress()

    def pseudo_labels(self, teacher: DepthPrediction, mirrored: Tensor) -> tuple[Tensor, Tensor]:
        """What the teacher says about the target, seen as the strong view shows it.

        Args:
            teacher: Its prediction for the weak view.
            mirrored: Samples whose strong view is the mirror image, boolean (B,).

        Returns:
            Depth in metres and the mask of the pixels to learn from, both (B, 1, H, W).
        """
        start, end = self.quantiles
        mask = pseudo_label_mask(
            teacher.uncertainty,
            quantile=start + (end - start) * self.progress(),
            max_uncertainty=self.max_uncertainty,
        )
        return mirror_where(mirrored, teacher.depth_m), mirror_where(mirrored, mask)

    def pseudo_label_loss(
        self, student: DepthPrediction, teacher: DepthPrediction, mirrored: Tensor
    ) -> Tensor:
        """L_SCP.

        Args:
            student: Prediction for the strong view.
            teacher: The teacher's for the weak one.
            mirrored: Samples whose strong view is the mirror image, boolean (B,).

        Returns:
            0-dim tensor; 0 where no pixel passes the filter.
        """
        depth_m, mask = self.pseudo_labels(teacher, mirrored)
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
        """Count the step, and move the teacher towards the student if it follows that."""
        self.num_steps += 1
        if isinstance(self.teacher, EmaTeacher):
            self.teacher.update(network)


def mirror_where(mirrored: Tensor, maps: Tensor) -> Tensor:
    """Mirror the maps of some samples left-right.

    Args:
        mirrored: Boolean, shape (B,).
        maps: Shape (B, C, H, W).

    Returns:
        Shape of `maps`.
    """
    return torch.where(mirrored.view(-1, 1, 1, 1), maps.flip(-1), maps)
