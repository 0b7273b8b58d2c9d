"""RGB teacher on any image encoder of the timm library."""

import math
from pathlib import Path
from typing import Any

import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from snn_depth.models.depth_decoding import decode_uncertainty
from snn_depth.models.padding import pad_to_stride
from snn_depth.models.prediction import DepthPrediction
from snn_depth.teachers.base import RgbTeacher


class TimmTeacher(RgbTeacher):
    """A timm encoder with a light feature pyramid and heads for depth and uncertainty.

    The pyramid (Lin et al. 2017, arXiv 1612.03144) adds each encoder level to the upsampled
    coarser one. Where several levels share a grid (vision transformers), the taps are the last.

    Args:
        encoder: Name of a timm model.
        weights: Safetensors file of pretrained encoder weights in timm's own layout; None starts
            at random. Nothing is ever downloaded.
        encoder_args: More arguments of `timm.create_model`, for instance
            `{"dynamic_img_size": true}` for a vision transformer.
        decoder_channels: Channels of the pyramid.
        min_depth_m: Nearest depth in metres.
        max_depth_m: Farthest depth in metres.

    Raises:
        ImportError: timm is not installed.
        FileNotFoundError: There is no weight file.
        ValueError: timm does not know the encoder, or the weights are of another one.
    """

    def __init__(
        self,
        encoder: str = "resnet18",
        weights: str | None = None,
        encoder_args: dict[str, Any] | None = None,
        decoder_channels: int = 64,
        min_depth_m: float = 1.0,
        max_depth_m: float = 80.0,
    ) -> None:
        backbone = create_encoder(encoder, encoder_args or {})
        if weights is not None:
            load_encoder_weights(backbone.model, Path(weights), encoder)
        config = backbone.model.pretrained_cfg
        super().__init__(config["mean"], config["std"], min_depth_m, max_depth_m)
        self.init_args = {
            "encoder": encoder,
            "weights": None,
            "encoder_args": encoder_args or {},
            "decoder_channels": decoder_channels,
            "min_depth_m": min_depth_m,
            "max_depth_m": max_depth_m,
        }
        self.encoder = backbone
        self.encoder_channels: list[int] = backbone.feature_info.channels()
        self.strides: list[int] = backbone.feature_info.reduction()
        self.decoder_channels = decoder_channels
        self.lateral = nn.ModuleList(
            nn.Conv2d(channels, decoder_channels, kernel_size=1)
            for channels in self.encoder_channels
        )
        self.smooth = nn.ModuleList(conv_norm_relu(decoder_channels) for _ in self.strides)
        self.head = nn.Sequential(
            conv_norm_relu(decoder_channels), nn.Conv2d(decoder_channels, 2, kernel_size=1)
        )

    @property
    def feature_channels(self) -> dict[str, int]:
        """Channels of every tap that can be asked for."""
        levels = list(zip(self.strides, self.encoder_channels, strict=True))
        encoder = {tap_name("enc{}b", stride): channels for stride, channels in levels}
        decoder = {tap_name("dec{}", stride): self.decoder_channels for stride in self.strides}
        return encoder | decoder

    def predict(self, x: Tensor) -> DepthPrediction:
        """Depth of a normalised image, padded to the encoder's coarsest grid on the way."""
        height, width = x.shape[-2:]
        levels: list[Tensor] = self.encoder(pad_to_stride(x, max(self.strides)))
        features: dict[str, Tensor] = {}
        merged = None
        for index in reversed(range(len(levels))):
            stride = self.strides[index]
            level = self.lateral[index](levels[index])
            if merged is not None:
                level = level + F.interpolate(merged, size=level.shape[-2:], mode="bilinear")
            merged = self.smooth[index](level)
            cells = (..., slice(math.ceil(height / stride)), slice(math.ceil(width / stride)))
            features.setdefault(tap_name("enc{}b", stride), levels[index][cells])
            features[tap_name("dec{}", stride)] = merged[cells]
        logits = F.interpolate(
            self.head(merged), scale_factor=float(self.strides[0]), mode="bilinear"
        )[..., :height, :width]
        return DepthPrediction(
            depth_m=self.depth_range.decode(logits[:, :1]),
            uncertainty=decode_uncertainty(logits[:, 1:]),
            features=features,
        )


def create_encoder(name: str, encoder_args: dict[str, Any]) -> Any:
    """A timm encoder with random weights: (B, 3, H, W) to a list of feature maps, finest first.

    `encoder_args` go to `timm.create_model`; the module's `model` is the timm model.

    Raises:
        ImportError: timm is not installed.
        ValueError: timm does not know the model, or the model offers no feature maps.
    """
    try:
        import timm
    except ImportError as error:
        raise ImportError(
            "this teacher needs timm: pip install 'snn-depth[teachers]' or uv sync --extra teachers"
        ) from error
    try:
        # The getter keeps the model whole inside, so that its own weight files fit unchanged.
        return timm.create_model(
            name, pretrained=False, features_only=True, feature_cls="getter", **encoder_args
        )
    except (RuntimeError, AttributeError, TypeError) as error:
        raise ValueError(f"timm cannot make an encoder of {name!r}: {error}") from error


def load_encoder_weights(model: nn.Module, path: Path, name: str) -> None:
    """Load pretrained weights; every tensor of the encoder must be in the safetensors file.

    What only a classifier needs is ignored. `name` is the model's, for the error messages.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is not safetensors or belongs to another encoder.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"no weights at {path}: expected the model.safetensors of timm's {name}; "
            "nothing is downloaded, leave `weights` out to start at random"
        )
    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is not a safetensors file: {error}") from error
    wanted = model.state_dict()
    wrong = [k for k, v in wanted.items() if k not in tensors or tensors[k].shape != v.shape]
    if wrong:
        raise ValueError(
            f"{path} does not hold the weights of {name}: {len(wrong)} of {len(wanted)} tensors "
            f"are missing or of another shape, for instance {wrong[0]}"
        )
    model.load_state_dict({name: tensors[name] for name in wanted})


def tap_name(pattern: str, stride: int) -> str:
    """Name of the student's population on the same grid: "enc{}b" and stride 16 give "enc3b"."""
    return pattern.format(round(math.log2(stride)) - 1)


def conv_norm_relu(num_channels: int) -> nn.Sequential:
    """3x3 convolution that keeps the number of channels, batch normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(num_channels, num_channels, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(num_channels),
        nn.ReLU(inplace=True),
    )
