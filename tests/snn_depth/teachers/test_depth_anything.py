import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from snn_depth.losses.silog import scale_invariant_log_loss
from snn_depth.losses.uncertainty import relative_error_loss
from snn_depth.teachers.depth_anything import DepthAnythingTeacher, import_transformers

SIZE = 42


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny relative network with random weights, saved as published ones are."""
    return save_tiny(tmp_path_factory.mktemp("relative"), depth_estimation_type="relative")


def save_tiny(folder: Path, **options: object) -> Path:
    try:
        model_class, config_class = import_transformers()
    except ImportError as error:
        pytest.skip(str(error))
    torch.manual_seed(0)
    config = config_class(
        backbone_config={
            "model_type": "dinov2",
            "image_size": 56,
            "patch_size": 14,
            "hidden_size": 16,
            "num_hidden_layers": 4,
            "num_attention_heads": 2,
            "out_indices": [1, 2, 3, 4],
            "reshape_hidden_states": False,
        },
        reassemble_hidden_size=16,
        neck_hidden_sizes=[4, 6, 8, 10],
        fusion_hidden_size=12,
        head_hidden_size=4,
        **options,
    )
    model_class(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("height, width", [(40, 64), (33, 20), (5, 9)])
def test_any_size(folder: Path, height: int, width: int) -> None:
    teacher = DepthAnythingTeacher(str(folder), short_side_px=SIZE).eval()
    with torch.no_grad():
        prediction = teacher(torch.rand(2, 3, height, width), taps=["enc3b", "dec2"])
    assert prediction.depth_m.shape == prediction.uncertainty.shape == (2, 1, height, width)
    assert prediction.depth_m.min() >= 1 and prediction.depth_m.max() <= 80
    assert prediction.uncertainty.min() >= 0 and prediction.uncertainty.max() <= 1
    assert teacher.feature_channels == {"enc3b": 16, "dec2": 12}
    assert prediction.features["enc3b"].shape == (2, 16, -(-height // 16), -(-width // 16))
    assert prediction.features["dec2"].shape == (2, 12, -(-height // 8), -(-width // 8))


def test_short_side_decides_the_number_of_patches(folder: Path) -> None:
    teacher = DepthAnythingTeacher(str(folder), short_side_px=518)
    assert teacher.num_patches(64, 128) == (37, 74)
    assert teacher.num_patches(518, 518) == (37, 37)
    assert DepthAnythingTeacher(str(folder), short_side_px=1).num_patches(10, 40) == (1, 1)


def test_weights_are_those_of_the_folder(folder: Path) -> None:
    model_class, _ = import_transformers()
    expected = model_class.from_pretrained(folder).state_dict()
    loaded = DepthAnythingTeacher(str(folder)).model.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in expected.items())


def test_metric_weights_keep_their_own_depth(tmp_path: Path) -> None:
    metric = save_tiny(tmp_path, depth_estimation_type="metric", max_depth=80)
    teacher = DepthAnythingTeacher(str(metric), short_side_px=SIZE).eval()
    rgb = torch.rand(1, 3, SIZE, SIZE)  # needs no resizing
    with torch.no_grad():
        expected = teacher.model((rgb - teacher.mean) / teacher.std).predicted_depth
        torch.testing.assert_close(teacher(rgb).depth_m[:, 0], expected.clamp(1, 80))


def test_only_the_new_heads_learn_by_default(folder: Path) -> None:
    teacher = DepthAnythingTeacher(str(folder), short_side_px=SIZE)
    prediction = teacher(torch.rand(1, 3, 30, 30))
    target = torch.full_like(prediction.depth_m, 5.0)
    valid = torch.ones_like(target, dtype=torch.bool)
    loss = scale_invariant_log_loss(prediction.depth_m, target, valid)
    loss = loss + relative_error_loss(prediction.uncertainty, prediction.depth_m, target, valid)
    loss.backward()
    assert all(p.grad is None for p in teacher.model.parameters())
    assert all(p.grad is not None for p in teacher.head.parameters())


def test_whole_network_learns_when_asked(folder: Path) -> None:
    teacher = DepthAnythingTeacher(str(folder), short_side_px=SIZE, train_backbone=True)
    teacher(torch.rand(1, 3, 30, 30)).depth_m.sum().backward()
    first = teacher.model.backbone.embeddings.patch_embeddings.projection.weight
    assert first.grad is not None and first.grad.abs().max() > 0


def test_rebuilds_from_init_args_without_the_folder(folder: Path) -> None:
    teacher = DepthAnythingTeacher(str(folder), short_side_px=SIZE).eval()
    init_args = json.loads(json.dumps(teacher.init_args))
    rebuilt = DepthAnythingTeacher(**init_args).eval()
    rebuilt.load_state_dict(teacher.state_dict())
    rgb = torch.rand(1, 3, 30, 44)
    torch.testing.assert_close(rebuilt(rgb).depth_m, teacher(rgb).depth_m)


def test_missing_weights_say_what_is_expected(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"config\.json and model\.safetensors"):
        DepthAnythingTeacher(str(tmp_path))
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())
    with pytest.raises(FileNotFoundError, match="nothing is downloaded"):
        DepthAnythingTeacher(str(tmp_path))
    save_file({"unrelated": torch.zeros(1)}, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match="does not hold a Depth Anything network"):
        DepthAnythingTeacher(str(tmp_path))
