import pytest
import torch

from snn_depth.neurons.surrogate import ATan, Sigmoid, SuperSpike, Surrogate, Triangle, spike

ALL = [ATan(), ATan(0.7), Sigmoid(), SuperSpike(), SuperSpike(3.0), Triangle(), Triangle(2.0)]


# The smooth functions whose derivatives the surrogates are, from the cited papers.
def antiderivative(surrogate: Surrogate, u: torch.Tensor) -> torch.Tensor:
    match surrogate:
        case ATan(alpha):
            return torch.arctan(torch.pi / 2 * alpha * u) / torch.pi
        case Sigmoid(alpha):
            return 1 / (1 + torch.exp(-alpha * u))
        case SuperSpike(alpha):
            return u / (1 + alpha * u.abs())
        case Triangle(alpha):
            inside = u.clamp(-1 / alpha, 1 / alpha)
            return alpha * inside - alpha**2 * inside * inside.abs() / 2
    raise AssertionError(surrogate)


@pytest.mark.parametrize("surrogate", ALL, ids=str)
def test_gradient_is_the_derivative_of_the_cited_function(surrogate: Surrogate) -> None:
    u = torch.linspace(-5, 5, 998, dtype=torch.float64, requires_grad=True)  # avoids 0
    (expected,) = torch.autograd.grad(antiderivative(surrogate, u).sum(), u)
    torch.testing.assert_close(surrogate.gradient(u.detach()), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("surrogate", "u", "gradient"),
    [
        (ATan(2.0), 0.0, 1.0),
        (ATan(2.0), 1 / torch.pi, 0.5),
        (Sigmoid(4.0), 0.0, 1.0),
        (SuperSpike(1.0), -1.0, 0.25),
        (SuperSpike(2.0), 1.5, 1 / 16),
        (Triangle(1.0), 0.25, 0.75),
        (Triangle(2.0), -0.5, 0.0),
        (Triangle(2.0), 9.0, 0.0),
    ],
    ids=str,
)
def test_values_by_hand(surrogate: Surrogate, u: float, gradient: float) -> None:
    assert surrogate.gradient(torch.tensor(u)).item() == pytest.approx(gradient, abs=1e-6)


def test_spikes_strictly_above_zero() -> None:
    u = torch.tensor([-1.0, -0.0, 0.0, 1e-45, 2.0])
    assert spike(u, ATan()).tolist() == [0, 0, 0, 1, 1]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_spike_backpropagates_the_surrogate(dtype: torch.dtype) -> None:
    u = torch.tensor([-0.5, 0.0, 2.0], dtype=dtype, requires_grad=True)
    s = spike(u, SuperSpike())
    s.backward(torch.tensor([1.0, 3.0, -9.0], dtype=dtype))
    assert s.dtype == u.grad.dtype == dtype
    assert u.grad.tolist() == pytest.approx([1 / 2.25, 3.0, -1.0], rel=1e-2)
