import math
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from snn_depth.losses.info_nce import info_nce


def slow_info_nce(a: Tensor, b: Tensor, temperature: float, normalize: bool) -> float:
    def rows(x: Tensor) -> list[list[float]]:
        out = []
        for row in x.tolist():
            norm = math.sqrt(sum(v * v for v in row)) if normalize else 1.0
            out.append([v / norm for v in row])
        return out

    total = 0.0
    for i, anchor in enumerate(rows(a)):
        logits = [
            sum(p * q for p, q in zip(anchor, other, strict=True)) / temperature
            for other in rows(b)
        ]
        total -= logits[i] - math.log(sum(math.exp(v) for v in logits))
    return total / len(a)


def pair(seed: int = 0, batch: int = 5) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    a = torch.randn(batch, 3, generator=generator, dtype=torch.float64)
    return a, torch.randn(batch, 3, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("temperature", [1.0, 0.1])
def test_equals_slow_reference(normalize: bool, temperature: float) -> None:
    a, b = pair()
    forward = slow_info_nce(a, b, temperature, normalize)
    backward = slow_info_nce(b, a, temperature, normalize)
    loss = info_nce(a, b, temperature=temperature, normalize=normalize)
    assert loss.item() == pytest.approx(forward, rel=1e-10)
    loss = info_nce(a, b, temperature=temperature, normalize=normalize, symmetric=True)
    assert loss.item() == pytest.approx((forward + backward) / 2, rel=1e-10)


def test_indistinct_features_cost_log_of_batch_size() -> None:
    a = torch.ones(8, 4)
    assert info_nce(a, a, temperature=0.07).item() == pytest.approx(math.log(8), rel=1e-6)


def test_matching_rows_cost_less_than_swapped_rows() -> None:
    a = torch.eye(4)
    assert info_nce(a, a, temperature=0.1) < info_nce(a, a.roll(1, dims=0), temperature=0.1)


def test_a_row_of_zeros_keeps_the_gradient_finite() -> None:
    a, b = pair()
    a[0] = 0
    a.requires_grad_()
    info_nce(a, b, temperature=0.1).backward()
    assert a.grad is not None and torch.isfinite(a.grad).all()


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match=r"\(4, 3\) and \(5, 3\)"):
        info_nce(torch.ones(4, 3), torch.ones(5, 3), temperature=1.0)
    with pytest.raises(ValueError, match="temperature must be positive, got 0"):
        info_nce(torch.ones(4, 3), torch.ones(4, 3), temperature=0)


class TwoHeads(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(7)
        self.left, self.right = nn.Linear(3, 4).double(), nn.Linear(3, 4).double()

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return info_nce(self.left(a), self.right(b), temperature=0.2, symmetric=True)


def run_rank(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    a, b = pair(3, batch=6)
    model = DistributedDataParallel(TwoHeads())
    loss = model(a[rank * 3 : rank * 3 + 3], b[rank * 3 : rank * 3 + 3])
    loss.backward()
    grads = {name: p.grad for name, p in model.module.named_parameters()}
    torch.save({"loss": loss.detach(), "grads": grads}, f"{folder}/rank{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path: Path) -> None:
    mp.spawn(run_rank, args=(str(tmp_path),), nprocs=2)
    ranks = [torch.load(tmp_path / f"rank{rank}.pt") for rank in range(2)]
    model = TwoHeads()
    loss = model(*pair(3, batch=6))
    loss.backward()
    mean = (ranks[0]["loss"] + ranks[1]["loss"]) / 2
    assert mean.item() == pytest.approx(loss.item(), rel=1e-12)
    for name, parameter in model.named_parameters():
        for rank in ranks:
            torch.testing.assert_close(rank["grads"][name], parameter.grad, rtol=1e-10, atol=0)
