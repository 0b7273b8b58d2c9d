"""AdaBN: the simplest adaptation, which only re-estimates normalisation statistics."""

import torch.distributed as dist
from torch import Tensor

from snn_depth.data.sample import Batch
from snn_depth.models.normalization import batch_norms
from snn_depth.models.predictor import DepthPredictor
from snn_depth.objectives.base import LoadNetwork, Objective, target_of


class AdaptiveNormalization(Objective):
    """Replaces the statistics of all batch normalisations by those of the target; trains nothing.

    The statistics are the plain mean over all target batches of the stage, so one pass over the
    target is enough.

    Source: Li et al. 2016 (arXiv 1603.04779).
    """

    needs_target = True

    def setup(self, network: DepthPredictor, load: LoadNetwork) -> None:
        """Freeze the weights and forget the old statistics.

        Raises:
            ValueError: When the network has no batch normalisation.
        """
        norms = batch_norms(network)
        if not norms:
            raise ValueError("AdaptiveNormalization needs a network with batch normalisation")
        network.requires_grad_(False)
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # a cumulative mean

    def forward(self, network: DepthPredictor, batch: Batch) -> dict[str, Tensor]:
        """Run the target's weak view; there is no term to minimise."""
        network(network.read(target_of(batch).weak))
        return {}

    def after_optimizer_step(self, network: DepthPredictor) -> None:
        """Average over what several processes have recorded, each from its part of the target."""
        if not (dist.is_available() and dist.is_initialized()):
            return
        for norm in batch_norms(network):
            for statistic in (norm.running_mean, norm.running_var):
                if statistic is not None:
                    dist.all_reduce(statistic)
                    statistic /= dist.get_world_size()
