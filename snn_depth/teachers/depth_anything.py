"""RGB teacher on Depth Anything V2 (arXiv 2406.09414)."""

import json
import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from snn_depth.models.depth_decoding import decode_uncertainty
from snn_depth.models.prediction import DepthPrediction
from snn_depth.teachers.base import RgbTeacher

SMALL_MODEL = "depth-anything/Depth-Anything-V2-Small-hf"
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
# The taps stand on the student's grids: pixels per cell along one side.
ENCODER_TAP, ENCODER_STRIDE = "enc3b", 16
DECODER_TAP, DECODER_STRIDE = "dec2", 8


class DepthAnythingTeacher(RgbTeacher):
    """Depth Anything V2 with heads for metric depth and uncertainty.

    Relative checkpoints predict inverse depth up to an unknown scale and shift, so a new metric
    head on the fused features replaces theirs; metric checkpoints keep their own. The uncertainty
    head is new in either case: train the heads with `SupervisedDepth` before distilling.

    The small models are Apache-2.0; the larger ones are licensed for non-commercial use.

    Args:
        weights: Folder with `config.json` and `model.safetensors`, or the name of a model in the
            local hub cache. Nothing is ever downloaded. Ignored when `architecture` is given.
        architecture: Content of a `config.json`, to build the network with random weights.
        short_side_px: Images are resized so that their short side is about this long; the
            released weights were trained at 518. Smaller is faster and coarser.
        train_backbone: Train everything instead of the new heads alone.
        min_depth_m: Nearest depth in metres.
        max_depth_m: Farthest depth in metres.

    Raises:
        ImportError: transformers is not installed, or cannot be imported.
        FileNotFoundError: There are no weights.
        ValueError: The weights belong to another network.
    """

    def __init__(
        self,
        weights: str = SMALL_MODEL,
        architecture: dict[str, Any] | None = None,
        short_side_px: int = 518,
        train_backbone: bool = False,
        min_depth_m: float = 1.0,
        max_depth_m: float = 80.0,
    ) -> None:
        super().__init__(IMAGENET_MEAN, IMAGENET_STD, min_depth_m, max_depth_m)
        self.model = load_model(weights) if architecture is None else build_model(architecture)
        self.config = self.model.config
        self.init_args = {
            "architecture": json.loads(self.config.to_json_string(use_diff=False)),
            "short_side_px": short_side_px,
            "train_backbone": train_backbone,
            "min_depth_m": min_depth_m,
            "max_depth_m": max_depth_m,
        }
        self.short_side_px = short_side_px
        self.train_backbone = train_backbone
        self.model.requires_grad_(train_backbone)
        self.is_metric = self.config.depth_estimation_type == "metric"
        num_features = self.config.fusion_hidden_size
        self.head = nn.Sequential(
            nn.Conv2d(num_features, num_features // 2, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(num_features // 2, 1 if self.is_metric else 2, kernel_size=1),
        )

    @property
    def feature_channels(self) -> dict[str, int]:
        """Channels of every tap: the encoder's last block, the decoder's last fusion."""
        return {
            ENCODER_TAP: self.config.backbone_config.hidden_size,
            DECODER_TAP: self.config.fusion_hidden_size,
        }

    def predict(self, x: Tensor) -> DepthPrediction:
        """Depth of a normalised image, resized to whole patches on the way."""
        height, width = x.shape[-2:]
        rows, columns = self.num_patches(height, width)
        size = (rows * self.config.patch_size, columns * self.config.patch_size)
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.train_backbone):
            resized = F.interpolate(x, size, mode="bicubic", antialias=True)
            tokens = self.model.backbone(resized).feature_maps
            fused = self.model.neck(tokens, rows, columns)
            own_depth_m = self.model.head(fused, rows, columns) if self.is_metric else None
        logits = F.interpolate(self.head(fused[-1]), (height, width), mode="bilinear")
        if own_depth_m is None:
            depth_m = self.depth_range.decode(logits[:, :1])
        else:
            full_m = F.interpolate(
                own_depth_m.unsqueeze(1).float(), (height, width), mode="bilinear"
            )
            depth_m = full_m.clamp(self.depth_range.min_depth_m, self.depth_range.max_depth_m)
        # The first token stands for the whole image; the rest are the patches, row by row.
        patches = tokens[-1][:, 1:].transpose(1, 2).unflatten(2, (rows, columns))
        return DepthPrediction(
            depth_m=depth_m,
            uncertainty=decode_uncertainty(logits[:, -1:]),
            features={
                ENCODER_TAP: resize_to_grid(patches, height, width, ENCODER_STRIDE),
                DECODER_TAP: resize_to_grid(fused[-1], height, width, DECODER_STRIDE),
            },
        )

    def num_patches(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of patches, 1 or more, of an image resized to roughly its shape."""
        scale = self.short_side_px / min(height, width) / self.config.patch_size
        return max(1, round(height * scale)), max(1, round(width * scale))


def resize_to_grid(features: Tensor, height: int, width: int, stride: int) -> Tensor:
    """Resize features (B, C, h, w) of an image to one cell per `stride` x `stride` pixels of it.

    The result is (B, C, ceil(height / stride), ceil(width / stride)).
    """
    size = (math.ceil(height / stride), math.ceil(width / stride))
    return F.interpolate(features, size, mode="bilinear", antialias=True)


def load_model(weights: str) -> Any:
    """Read a `transformers.DepthAnythingForDepthEstimation` from a folder or the local hub cache.

    Raises:
        FileNotFoundError: There are no weights.
        ValueError: The weights belong to another network.
    """
    model_class, _ = import_transformers()
    try:
        model, report = model_class.from_pretrained(
            weights, local_files_only=True, use_safetensors=True, output_loading_info=True
        )
    except OSError as error:
        raise FileNotFoundError(
            f"no Depth Anything weights at {weights!r}: expected a folder with config.json and "
            "model.safetensors, or the name of a model in the local hub cache; nothing is "
            f"downloaded here, `hf download {SMALL_MODEL}` fetches the Apache-2.0 model"
        ) from error
    if report["missing_keys"]:
        raise ValueError(
            f"{weights!r} does not hold a Depth Anything network: "
            f"{len(report['missing_keys'])} tensors are missing"
        )
    return model


def build_model(architecture: dict[str, Any]) -> Any:
    """Make Depth Anything with random weights from the content of a `config.json`."""
    model_class, config_class = import_transformers()
    return model_class(config_class.from_dict(architecture))


def import_transformers() -> tuple[Any, Any]:
    """The classes of the network and of its configuration, from an optional dependency.

    Raises:
        ImportError: Saying what to install, and why the import failed.
    """
    try:
        # transformers imports lazily; this is what the network is made of.
        import transformers.models.dinov2.modeling_dinov2  # noqa: F401
        from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation
    except (ImportError, RuntimeError) as error:  # RuntimeError: a library within does not fit
        raise ImportError(
            "this teacher needs transformers: pip install 'snn-depth[teachers]' or "
            f"uv sync --extra teachers (the import failed with: {error.__cause__ or error})"
        ) from error
    return DepthAnythingForDepthEstimation, DepthAnythingConfig
