"""Which pixels of a teacher's prediction are good enough to learn from."""

from torch import Tensor


def pseudo_label_mask(
    uncertainty: Tensor, *, quantile: float = 0.5, max_uncertainty: float = 1.0
) -> Tensor:
    """Pixels whose uncertainty is among the lowest and below an absolute bound.

        mask = u <= quantile_q(u)  and  u <= max_uncertainty

    The quantile keeps a share of every batch, however bad the teacher is; the absolute bound
    keeps nothing of a batch that is all bad. The teacher's uncertainty and both bounds lie in 0..1,
    where a bound of 1 lets all pass.

    Source: BiCross (arXiv 2208.12527), uncertainty-guided pseudo-label filtering, with q = 0.5 in
    the released code; the absolute bound is ours.

    Raises:
        ValueError: When a bound is out of range.
    """
    for name, value in (("quantile", quantile), ("max_uncertainty", max_uncertainty)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} is {value}; accepted: 0 to 1")
    flat = uncertainty.detach().flatten()
    # kthvalue, because torch.quantile refuses more than 16 million values.
    rank = min(max(round(quantile * len(flat)), 1), len(flat))
    bound = flat.kthvalue(rank).values if quantile else flat.new_tensor(-1.0)
    return (uncertainty <= bound) & (uncertainty <= max_uncertainty)
