from hardware.energy.published_thresholds import PUBLISHED_THRESHOLDS


def test_published_thresholds() -> None:
    assert all(threshold.low <= threshold.high for threshold in PUBLISHED_THRESHOLDS)
    assert all(threshold.source and threshold.condition for threshold in PUBLISHED_THRESHOLDS)
    davidson, dampfhoffer, yan = PUBLISHED_THRESHOLDS
    assert (davidson.low, davidson.high) == (1.72, 1.72)
    assert (dampfhoffer.low, dampfhoffer.high) == (0.15, 1.38)
    assert (yan.low, yan.high) == (0.057, 0.057)


def test_pilotnet_fails_all_of_them() -> None:
    """3.44 spikes per synapse and inference of 16 steps."""
    for threshold in PUBLISHED_THRESHOLDS:
        per_inference = "inference" in threshold.unit
        assert threshold.verdict(3.44 if per_inference else 3.44 / 16) == "above"


def test_verdicts() -> None:
    dampfhoffer = PUBLISHED_THRESHOLDS[1]
    assert [dampfhoffer.verdict(rate) for rate in (0.1, 0.15, 1.0, 1.38, 1.4)] == [
        "below",
        "within",
        "within",
        "within",
        "above",
    ]
