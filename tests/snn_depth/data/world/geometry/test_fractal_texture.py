import pytest
import torch

from snn_depth.data.world.geometry.fractal_texture import (
    cell_random,
    covered_share,
    fractal_noise,
    noise_table,
)


@pytest.mark.parametrize(("period_m", "share"), [(2.0, 0.3), (0.7, 0.9), (5.0, 1.0), (1.0, 0.0)])
def test_covered_share_is_the_mean_of_the_stripes(period_m: float, share: float) -> None:
    centers, width_m = torch.linspace(-3, 7, 23).double(), 0.9
    fine = centers[:, None] + torch.linspace(-0.5, 0.5, 20001).double() * width_m
    phase = (fine / period_m) % 1
    inside = ((phase - 0.5).abs() < share / 2).double().mean(1)
    full = torch.ones_like(centers)
    exact = covered_share(centers, period_m * full, share * full, width_m * full)
    torch.testing.assert_close(exact, inside, atol=2e-3, rtol=0)


def test_stripes_are_centred_in_their_period() -> None:
    x, one = torch.tensor([0.05, 0.5, 0.95]), torch.ones(3)
    share = covered_share(x, one, 0.4 * one, 0.01 * one)
    torch.testing.assert_close(share, torch.tensor([0.0, 1.0, 0.0]))


def test_noise_has_its_wavelength() -> None:
    x = torch.arange(0, 400, 0.05)
    noise = fractal_noise(x, 0.3 * x, 2.0 * torch.ones_like(x), torch.full_like(x, 1e-3), 1)
    noise = noise - noise.mean()
    power = torch.fft.rfft(noise * torch.hann_window(len(x))).abs() ** 2
    frequency = torch.fft.rfftfreq(len(x), 0.05)
    mean_frequency = float((power * frequency).sum() / power.sum())
    assert 0.3 < mean_frequency < 0.8  # about 1 / (2 m)


def test_noise_has_unit_variance_and_fades_with_the_footprint() -> None:
    u, v = 300 * torch.rand(2, 20000, generator=torch.Generator().manual_seed(0))
    length = torch.ones_like(u)
    spread = [
        float(fractal_noise(u, v, length, torch.full_like(u, f), 4).std())
        for f in (1e-3, 0.1, 0.3, 0.6)
    ]
    assert spread[0] == pytest.approx(1.0, abs=0.15)
    assert spread[0] > spread[1] > spread[2] > spread[3] == 0.0


def test_table_is_periodic() -> None:
    table = noise_table()[0, 0]
    assert torch.equal(table[0], table[-1])
    assert torch.equal(table[:, 0], table[:, -1])
    assert float(table.std()) == pytest.approx(1.0, abs=0.02)


def test_cells_are_spread_evenly_and_told_apart_by_the_salt() -> None:
    u, v = torch.meshgrid(torch.arange(100.0), torch.arange(100.0), indexing="ij")
    values = cell_random(u.flatten(), v.flatten(), torch.zeros(10000))
    other = cell_random(u.flatten(), v.flatten(), torch.ones(10000))
    assert float(values.min()) >= 0 and float(values.max()) < 1
    counts = torch.histc(values, 10, 0, 1)
    assert float(counts.min()) > 850
    assert abs(float(torch.corrcoef(torch.stack([values, other]))[0, 1])) < 0.05
