"""What one training stage optimises."""

from snn_depth.objectives.adaptive_normalization import AdaptiveNormalization
from snn_depth.objectives.base import Objective
from snn_depth.objectives.bicross.cross_modality import CrossModalityDistillation
from snn_depth.objectives.bicross.self_correcting import SelfCorrectingTeacherStudent
from snn_depth.objectives.supervised import SupervisedDepth

__all__ = [
    "AdaptiveNormalization",
    "CrossModalityDistillation",
    "Objective",
    "SelfCorrectingTeacherStudent",
    "SupervisedDepth",
]
