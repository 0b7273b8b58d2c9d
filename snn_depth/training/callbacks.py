"""What is watched while a network trains."""

import logging
import warnings

import lightning
from lightning.pytorch.callbacks import Callback

from snn_depth.neurons.activity import activity_warnings

logger = logging.getLogger(__name__)
RATE_PREFIX = "firing_rate/"


class FiringRateWatch(Callback):
    """Warns once per population when it is dead or saturated at the end of an epoch."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def on_validation_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Check the rates that the validation logged."""
        if trainer.sanity_checking:
            return
        rates = {
            name.removeprefix(RATE_PREFIX): float(value)
            for name, value in trainer.callback_metrics.items()
            if name.startswith(RATE_PREFIX)
        }
        for message in activity_warnings(rates):
            population = message.split(":")[0]
            if population not in self._said:
                self._said.add(population)
                logger.warning(message)


def silence_irrelevant_warnings() -> None:
    """Hide advice of the engine that does not apply here.

    Samples are cached in memory, so loader workers would only cost time; and the last batches of
    an epoch are logged by epoch, not by step.
    """
    patterns = (
        ".*does not have many workers.*",
        ".*number of training batches.*",
        ".*exists and is not empty.*",  # the logger writes there first
        ".*in eval mode at the start of training.*",  # frozen on purpose
        ".*LeafSpec.*",  # the engine's own use of a deprecated name
    )
    for pattern in patterns:
        warnings.filterwarnings("ignore", pattern)
    for name in ("lightning.pytorch.utilities.rank_zero", "lightning.fabric.utilities.seed"):
        logging.getLogger(name).setLevel(logging.WARNING)
