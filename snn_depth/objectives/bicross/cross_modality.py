"""Coarse-to-fine knowledge distillation from an RGB teacher to a spiking student (CFKD)."""

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from snn_depth.data.sample import Batch, View
from snn_depth.losses.feature_distance import filtered_feature_distance
from snn_depth.losses.info_nce import info_nce
from snn_depth.losses.uncertainty_filter import Threshold, uncertainty_filter
from snn_depth.models.padding import pad_to_stride
from snn_depth.models.prediction import DepthPrediction
from snn_depth.models.predictor import DepthPredictor
from snn_depth.objectives.base import LoadNetwork, Objective
from snn_depth.objectives.supervised import SupervisedDepth
from snn_depth.teachers.frozen import FrozenTeacher


class CrossModalityDistillation(Objective):
    """L_depth + L_unc + weight * (L_CKD + L_FKD).

    L_CKD is the InfoNCE of globally pooled deep features through one head per modality. L_FKD is
    the per-pixel distance between the teacher's features and the student's time-mean
    pre-threshold membrane, carried over by batch normalisation and a 1x1 convolution that exist
    in training only. It counts only where the teacher is certain and the student is not (the
    spike-oriented uncertainty filter of the paper's figure, absent from its released code).

    Source: BiCross (arXiv 2208.12527), stage 2.

    Args:
        teacher: Name of the stage that trained the RGB teacher, or path of its checkpoint.
        weight: Weight of both distillation terms; 0 is the source-only student.
        coarse_tap: Population whose pooled features are contrasted (student and teacher).
        fine_tap: Population whose features are matched pixel by pixel.
        embedding_dim: Length of the contrasted vectors.
        temperature: Of the InfoNCE.
        teacher_threshold: Teacher uncertainty below which it is trusted, or "median".
        student_threshold: Student uncertainty above which it is taught, or "median".
        supervised: The supervised terms on the source's depth labels.
    """

    def __init__(
        self,
        teacher: str,
        weight: float = 0.1,
        coarse_tap: str = "enc3b",
        fine_tap: str = "dec2",
        embedding_dim: int = 128,
        temperature: float = 0.1,
        teacher_threshold: Threshold = "median",
        student_threshold: Threshold = "median",
        supervised: SupervisedDepth | None = None,
    ) -> None:
        super().__init__()
        if weight < 0:
            raise ValueError(f"weight is {weight}; accepted: 0 (source-only) or more")
        self.teacher_name = teacher
        self.weight = weight
        self.coarse_tap, self.fine_tap = coarse_tap, fine_tap
        self.embedding_dim, self.temperature = embedding_dim, temperature
        self.thresholds: dict[str, Threshold] = {
            "teacher_threshold": teacher_threshold,
            "student_threshold": student_threshold,
        }
        self.supervised = supervised or SupervisedDepth()

    @property
    def needs(self) -> tuple[str, ...]:
        """The teacher, unless nothing is distilled."""
        return (self.teacher_name,) if self.weight else ()

    def setup(self, network: DepthPredictor, load: LoadNetwork) -> None:
        """Load the teacher and make the heads that carry features across."""
        if not self.weight:
            return
        teacher = load(self.teacher_name)
        for tap in (self.coarse_tap, self.fine_tap):
            for owner, channels in (("student", network), ("teacher", teacher)):
                if tap not in channels.feature_channels:
                    raise ValueError(
                        f"the {owner} has no tap {tap!r}; accepted: "
                        f"{', '.join(channels.feature_channels)}"
                    )
        self.max_stride = network.max_stride
        self.teacher = FrozenTeacher(teacher)
        ours, theirs = network.feature_channels, teacher.feature_channels
        self.student_head = projection_head(ours[self.coarse_tap], self.embedding_dim)
        self.teacher_head = projection_head(theirs[self.coarse_tap], self.embedding_dim)
        self.fine_adapter = nn.Sequential(
            nn.BatchNorm2d(ours[self.fine_tap]),
            nn.Conv2d(ours[self.fine_tap], theirs[self.fine_tap], kernel_size=1),
        )
        # The teacher's channels differ in scale; none of them should own the distance.
        self.teacher_norm = nn.BatchNorm2d(theirs[self.fine_tap], affine=False)

    def forward(self, network: DepthPredictor, batch: Batch) -> dict[str, Tensor]:
        """Terms of `SupervisedDepth`, and `coarse` and `fine`."""
        if not self.weight:
            return self.supervised(network, batch)
        taps = (self.coarse_tap, self.fine_tap)
        view = network.view(batch)
        student: DepthPrediction = network(network.read(batch), taps=taps)
        teacher = self.teacher(self.teacher.network.read(batch), taps=taps)
        return self.supervised.terms(student, view) | {
            "coarse": self.weight * self.coarse_loss(student, teacher),
            "fine": self.weight * self.fine_loss(student, teacher, view),
        }

    def coarse_loss(self, student: DepthPrediction, teacher: DepthPrediction) -> Tensor:
        """InfoNCE of pooled deep features, RGB against spikes.

        Args:
            student: Prediction with the coarse tap.
            teacher: Likewise.

        Returns:
            0-dim tensor.
        """
        z_rgb = self.teacher_head(teacher.features[self.coarse_tap].float())
        z_spike = self.student_head(student.features[self.coarse_tap].float())
        return info_nce(z_rgb, z_spike, temperature=self.temperature)

    def fine_loss(self, student: DepthPrediction, teacher: DepthPrediction, view: View) -> Tensor:
        """Filtered feature distance on the grid of the fine tap.

        Args:
            student: Prediction with the fine tap.
            teacher: Likewise.
            view: What the student saw, with depth.

        Returns:
            0-dim tensor; 0 where no pixel passes the filter.
        """
        adapted = self.fine_adapter(student.features[self.fine_tap].float())
        target = self.teacher_norm(teacher.features[self.fine_tap].float())
        mask = uncertainty_filter(
            teacher.uncertainty,
            student.uncertainty,
            valid_mask=self.supervised.valid_mask(view),
            **self.thresholds,
        )
        # A grid cell counts when most of its pixels do; what the student padded counts as none.
        padded = pad_to_stride(mask.float(), self.max_stride)
        cells = F.adaptive_avg_pool2d(padded, adapted.shape[-2:]) > 0.5
        # The teacher may pad otherwise; both grids start at the top left.
        rows, columns = map(min, zip(adapted.shape[-2:], target.shape[-2:], strict=True))
        on_both = (..., slice(rows), slice(columns))
        return filtered_feature_distance(adapted[on_both], target[on_both], cells[on_both])


def projection_head(num_channels: int, embedding_dim: int) -> nn.Sequential:
    """Global average pooling, then a two-layer perceptron (BiCross: 768-512-256).

    Args:
        num_channels: Channels of the pooled features.
        embedding_dim: Length of the result.

    Returns:
        Module from (B, num_channels, h, w) to (B, embedding_dim).
    """
    layers: list[Any] = [
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(num_channels, 2 * embedding_dim, bias=False),
        nn.BatchNorm1d(2 * embedding_dim),
        nn.ReLU(),
        nn.Linear(2 * embedding_dim, embedding_dim),
    ]
    return nn.Sequential(*layers)
