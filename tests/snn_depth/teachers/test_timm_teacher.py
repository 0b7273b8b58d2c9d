from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from snn_depth.losses.silog import scale_invariant_log_loss
from snn_depth.teachers.timm_teacher import TimmTeacher

timm = pytest.importorskip("timm")


@pytest.fixture(scope="module")
def teacher() -> TimmTeacher:
    torch.manual_seed(0)
    return TimmTeacher("test_resnet", decoder_channels=8).eval()


@pytest.mark.parametrize("height, width", [(64, 96), (50, 71), (7, 5)])
def test_any_size(teacher: TimmTeacher, height: int, width: int) -> None:
    taps = list(teacher.feature_channels)
    with torch.no_grad():
        prediction = teacher(torch.rand(2, 3, height, width), taps=taps)
    assert prediction.depth_m.shape == prediction.uncertainty.shape == (2, 1, height, width)
    assert prediction.depth_m.min() >= 1 and prediction.depth_m.max() <= 80
    assert prediction.uncertainty.min() >= 0 and prediction.uncertainty.max() <= 1
    assert list(prediction.features) == taps
    for tap, features in prediction.features.items():
        stride = 2 ** (int(tap.strip("encdb")) + 1)
        cells = (-(-height // stride), -(-width // stride))
        assert features.shape == (2, teacher.feature_channels[tap], *cells)


def test_default_taps_of_the_student_exist(teacher: TimmTeacher) -> None:
    assert {"enc3b", "dec2"} <= set(teacher.feature_channels)


@pytest.mark.parametrize(
    "encoder, encoder_args",
    [("test_convnext", {}), ("test_efficientnet", {}), ("test_vit", {"dynamic_img_size": True})],
)
def test_other_families(encoder: str, encoder_args: dict[str, bool]) -> None:
    teacher = TimmTeacher(encoder, encoder_args=encoder_args, decoder_channels=8).eval()
    with torch.no_grad():
        prediction = teacher(torch.rand(1, 3, 50, 70), taps=["enc3b"])
    assert prediction.depth_m.shape == (1, 1, 50, 70)
    assert prediction.features["enc3b"].shape == (1, teacher.feature_channels["enc3b"], 4, 5)


def test_learns_a_depth_map() -> None:
    torch.manual_seed(0)
    teacher = TimmTeacher("test_resnet", decoder_channels=8).train()
    ramp = torch.linspace(0, 1, 32).view(1, 1, 32, 1).expand(2, 1, 32, 32)
    rgb = torch.cat([ramp, 1 - ramp, ramp.flip(-1)], dim=1)
    target = 5 + 30 * ramp
    valid = torch.ones_like(target, dtype=torch.bool)
    optimizer = torch.optim.Adam(teacher.parameters(), lr=1e-2)
    losses = []
    for _ in range(15):
        loss = scale_invariant_log_loss(teacher(rgb).depth_m, target, valid)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_normalises_as_the_encoder_was_trained() -> None:
    imagenet = TimmTeacher("resnet18").mean.flatten().tolist()
    assert imagenet == pytest.approx([0.485, 0.456, 0.406])
    assert TimmTeacher("test_resnet").mean.flatten().tolist() == [0.5, 0.5, 0.5]


def test_pretrained_weights_reach_the_encoder(tmp_path: Path) -> None:
    torch.manual_seed(1)
    pretrained = timm.create_model("test_resnet")  # with its classifier, as published files are
    save_file(pretrained.state_dict(), tmp_path / "model.safetensors")
    teacher = TimmTeacher("test_resnet", weights=str(tmp_path / "model.safetensors")).eval()
    rgb = torch.rand(1, 3, 64, 64)
    expected = pretrained.eval().forward_intermediates(
        (rgb - teacher.mean) / teacher.std, intermediates_only=True
    )
    with torch.no_grad():
        features = teacher(rgb, taps=["enc3b"]).features["enc3b"]
    torch.testing.assert_close(features, expected[teacher.strides.index(16)])


def test_rebuilds_from_init_args_without_the_weight_file(teacher: TimmTeacher) -> None:
    rebuilt = TimmTeacher(**teacher.init_args).eval()
    rebuilt.load_state_dict(teacher.state_dict())
    rgb = torch.rand(1, 3, 32, 32)
    torch.testing.assert_close(rebuilt(rgb).depth_m, teacher(rgb).depth_m)


def test_bad_weights(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no weights at .*missing\.safetensors"):
        TimmTeacher("test_resnet", weights=str(tmp_path / "missing.safetensors"))
    other = timm.create_model("test_efficientnet")
    save_file(other.state_dict(), tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="does not hold the weights of test_resnet"):
        TimmTeacher("test_resnet", weights=str(tmp_path / "other.safetensors"))
    (tmp_path / "text.safetensors").write_text("not weights")
    with pytest.raises(ValueError, match="not a safetensors file"):
        TimmTeacher("test_resnet", weights=str(tmp_path / "text.safetensors"))


def test_bad_arguments(teacher: TimmTeacher) -> None:
    with pytest.raises(ValueError, match="'no_such_net'"):
        TimmTeacher("no_such_net")
    with pytest.raises(ValueError, match=r"\(1, 1, 8, 8\); expected \(B, 3, H, W\)"):
        teacher(torch.rand(1, 1, 8, 8))
    with pytest.raises(ValueError, match=r"unknown taps \['stem'\]"):
        teacher(torch.rand(1, 3, 8, 8), taps=["stem"])
