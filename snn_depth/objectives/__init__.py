"""What one training stage optimises."""

from snn_depth.objectives.base import Objective
from snn_depth.objectives.cross_modality import CrossModalityDistillation
from snn_depth.objectives.supervised import SupervisedDepth

__all__ = ["CrossModalityDistillation", "Objective", "SupervisedDepth"]
