"""The `config.yaml` that SpikeCV keeps with its data sets."""

from pathlib import Path

import yaml


def find_frame_size(recording: Path) -> tuple[int, int] | None:
    """Height and width of a `.dat` file by SpikeCV's `config.yaml`; None where there is none.

    SpikeCV has one in the folder of a data set, beside the recordings or one level above them. A
    `config.yaml` without `spike_h` and `spike_w` is some other program's and does not count.

    Raises:
        ValueError: If the file is no YAML or the size in it is not two positive integers.
    """
    folder = recording.resolve().parent
    for path in (folder / "config.yaml", folder.parent / "config.yaml"):
        if path.is_file():
            size = read_frame_size(path)
            if size is not None:
                return size
    return None


def read_frame_size(path: Path) -> tuple[int, int] | None:
    """`spike_h` and `spike_w` of a SpikeCV `config.yaml`; None if it has neither."""
    hint = "correct it, or give height and width"
    try:
        config = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, ValueError) as error:
        problem = " ".join(str(error).split())
        raise ValueError(f"{path} is not readable as YAML ({problem}); {hint}") from error
    if not isinstance(config, dict) or not {"spike_h", "spike_w"} & set(config):
        return None
    height, width = config.get("spike_h"), config.get("spike_w")
    if type(height) is not int or type(width) is not int or height < 1 or width < 1:
        raise ValueError(
            f"{path}: spike_h is {height!r}, spike_w is {width!r}; accepted: positive integers; "
            f"{hint}"
        )
    return height, width
