"""The processes of a run that trains one network on several devices."""

import os

import torch

from snn_depth.training.recipe import EngineSettings


def process_rank(engine: EngineSettings) -> tuple[int, int]:
    """Number of this process, and how many there are.

    Raises:
        ValueError: When the launcher started another number than the settings ask for; each
            would then train a network of its own into the same folder.
    """
    num_ranks = engine.devices * engine.num_nodes
    num_started = int(os.environ.get("WORLD_SIZE", 1))
    if num_started != num_ranks:
        raise ValueError(
            f"engine.devices x engine.num_nodes is {num_ranks}, but the launcher started "
            f"{num_started} process(es); say `torchrun --nproc-per-node N -m snn_depth.train "
            "--engine.devices N ...`"
        )
    return int(os.environ.get("RANK", 0)), num_ranks


def runs_on_gpu(engine: EngineSettings) -> bool:
    """Whether the engine will use a GPU."""
    return engine.accelerator != "cpu" and torch.cuda.is_available()


def agree(value: bool, engine: EngineSettings) -> bool:
    """The first process's answer, in all of them: what one finds on disk, another may just miss."""
    if process_rank(engine)[1] == 1:
        return value
    if not torch.distributed.is_initialized():  # the engine finds it made
        torch.distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if runs_on_gpu(engine) else "gloo"
        )
    answers = [value]
    torch.distributed.broadcast_object_list(answers, src=0)
    return answers[0]
