import torch

from snn_depth.models.domain_discriminator import domain_discriminator


def test_any_grid_is_pooled() -> None:
    judge = domain_discriminator(3)
    x = torch.randn(2, 3, 4, 6)
    assert judge(x).shape == (2, 1)
    torch.testing.assert_close(judge(x), judge(x.mean(dim=(2, 3), keepdim=True)))
