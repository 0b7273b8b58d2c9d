"""Where a command computes."""

import torch


def choose_device(name: str) -> torch.device:
    """The device of a name: "auto" (a GPU where there is one), "cpu", "cuda", "cuda:1", "mps" ...

    Raises:
        ValueError: For a device that torch does not know or this machine does not have.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:  # torch raises either
        reason = str(error).splitlines()[0]
        raise ValueError(f"cannot compute on device {name!r}: {reason}") from None
