import pytest
import torch

from snn_depth.neurons.lif import LIF, LeakyIntegrator, leaky_integrate, lif
from snn_depth.neurons.surrogate import SuperSpike


def test_by_hand() -> None:
    x = torch.tensor([0.75, 0.75, 0.5, 0.75, 1.25, -2.0])
    out = lif(x, decay_v=0.5, v_threshold=1.0)
    # before the threshold: 0.75, 1.125, 0.5, 1.0 (a tie: silent), 1.75, -2.0
    assert out.spikes.tolist() == [0, 1, 0, 0, 1, 0]
    assert out.v.item() == -2.0
    assert out.v_mean.item() == pytest.approx(3.125 / 6)


def test_in_two_pieces_is_the_same_as_in_one() -> None:
    x = torch.randn(8, 2, 3, 4, 5)
    whole = lif(x)
    first = lif(x[:3])
    second = lif(x[3:], first.v)
    assert torch.equal(torch.cat([first.spikes, second.spikes]), whole.spikes)
    assert torch.equal(second.v, whole.v)
    torch.testing.assert_close((3 * first.v_mean + 5 * second.v_mean) / 8, whole.v_mean)


@pytest.mark.parametrize(
    ("dtype", "state"),
    [
        (torch.bfloat16, torch.float32),
        (torch.float16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
@pytest.mark.parametrize("autocast", [False, True])
def test_dtypes(dtype: torch.dtype, state: torch.dtype, autocast: bool) -> None:
    x = torch.randn(3, 10).to(dtype).requires_grad_()
    v0 = torch.zeros(10, dtype=dtype, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        out = lif(x, v0)
        membranes, last = leaky_integrate(x, v0)
    assert out.spikes.dtype == dtype
    assert out.v.dtype == out.v_mean.dtype == membranes.dtype == last.dtype == state
    (out.spikes.sum() + out.v.sum()).backward()
    assert x.grad.dtype == v0.grad.dtype == dtype


def test_no_state_is_kept_between_calls() -> None:
    neurons = LIF()
    x = torch.full((1, 4), 0.75)
    assert torch.equal(neurons(x).v, neurons(x).v)
    assert not neurons.state_dict()


def test_module_is_the_function() -> None:
    constants = {"decay_v": 0.2, "v_threshold": 0.7, "surrogate": SuperSpike()}
    x, v0 = torch.randn(4, 2, 3), torch.randn(2, 3)
    for got, expected in zip(LIF(**constants)(x, v0), lif(x, v0, **constants), strict=True):
        assert torch.equal(got, expected)
    assert "decay_v=0.2" in repr(LIF(**constants))


def test_inference_mode() -> None:
    x = torch.randn(4, 6)
    with torch.inference_mode():
        out = lif(x)
    assert torch.equal(out.spikes, lif(x).spikes)


def test_leaky_integrator_is_a_leaky_sum() -> None:
    x = torch.randn(6, 2, 5, dtype=torch.float64)
    v0 = torch.randn(2, 5, dtype=torch.float64)
    membranes, last = LeakyIntegrator(decay_v=0.25)(x, v0)
    for t in range(6):
        weights = 0.75 ** torch.arange(t, -1, -1, dtype=torch.float64)
        expected = 0.75 ** (t + 1) * v0 + (weights.view(-1, 1, 1) * x[: t + 1]).sum(0)
        torch.testing.assert_close(membranes[t], expected)
    assert torch.equal(last, membranes[-1])


@pytest.mark.parametrize("decay_v", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_bad_decay(decay_v: float) -> None:
    for make in (LIF, LeakyIntegrator):
        with pytest.raises(ValueError, match=f"decay_v must lie between 0 and 1.*{decay_v}"):
            make(decay_v=decay_v)
    with pytest.raises(ValueError, match="decay_v"):
        lif(torch.zeros(2, 3), decay_v=decay_v)


@pytest.mark.parametrize("v_threshold", [0.0, -1.0, float("inf"), float("nan")])
def test_bad_threshold(v_threshold: float) -> None:
    with pytest.raises(ValueError, match=f"v_threshold must be positive.*{v_threshold}"):
        LIF(v_threshold=v_threshold)
    with pytest.raises(ValueError, match="v_threshold"):
        lif(torch.zeros(2, 3), v_threshold=v_threshold)


@pytest.mark.parametrize("run", [lif, leaky_integrate])
def test_bad_input(run) -> None:
    with pytest.raises(ValueError, match=r"at least one time step, not shape \(0, 3\)"):
        run(torch.zeros(0, 3))
    with pytest.raises(ValueError, match=r"floating dtype, not torch\.uint8"):
        run(torch.zeros(2, 3, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"v0 must have the shape of one step, \(3, 4\), not \(4,"):
        run(torch.zeros(2, 3, 4), torch.zeros(4, 3))


def test_no_neurons_at_all() -> None:
    out = lif(torch.zeros(2, 0, 3))
    assert out.spikes.shape == (2, 0, 3)
    assert out.v.shape == (0, 3)
