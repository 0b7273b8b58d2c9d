"""Fine-tune one student for some number of bits, by the machinery that runs any recipe."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset

from snn_depth.models.predictor import DepthPredictor
from snn_depth.train import make_recipe
from snn_depth.training.checkpoint import LoadedNetwork
from snn_depth.training.digests import RecipeDigests


def tuning_settings(
    settings: dict[str, Any],
    checkpoint: Path,
    loaded: LoadedNetwork,
    bits: int | None,
    seed: int,
    work_dir: Path,
) -> dict[str, Any]:
    """The recipe that fine-tunes one student for some bits.

    Args:
        settings: The recipe as read from YAML.
        checkpoint: Where the student starts.
        loaded: The same.
        bits: Bits per weight; None trains on in float.
        seed: Seed of the run.
        work_dir: Store of the trained students.

    Returns:
        As `settings`.
    """
    class_path = "snn_depth.models.depth_network.SpikingDepthNet"
    init_args = dict(loaded.network.init_args)
    if bits is not None:
        class_path = "conversion.student.quantized_student.QuantizedStudent"
        init_args |= {"num_weight_bits": bits, "largest_input": frames_per_bin(loaded)}
    network = {"class_path": class_path, "init_args": init_args}
    ((name, stage),) = settings["stages"].items()
    stage = stage | {"network": network, "init_from": str(checkpoint)}
    return settings | {"stages": {name: stage}, "seeds": [seed], "store": str(work_dir)}


def frames_per_bin(loaded: LoadedNetwork) -> int:
    """Largest count that a pixel of the network's input can have in a time bin."""
    return loaded.data.num_frames // loaded.data.num_bins


def fine_tune(
    settings: dict[str, Any], data: Callable[[str], Dataset[Any]], *, seed: int
) -> DepthPredictor:
    """Run a recipe's only stage, or load what it has trained before.

    Args:
        settings: As `tuning_settings` makes it.
        data: Returns a data set by its name.
        seed: Seed of the run.

    Returns:
        The trained network.
    """
    from snn_depth.training.callbacks import silence_irrelevant_warnings  # seconds to import
    from snn_depth.training.store import StageStore

    silence_irrelevant_warnings()
    recipe, text = make_recipe(settings)
    digests = RecipeDigests(recipe, text)
    store = StageStore(digests, data, seed=seed, folder=recipe.store_folder)
    return store.network(recipe.first_stage.name)
