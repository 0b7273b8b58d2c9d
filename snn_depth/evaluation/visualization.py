"""Pictures of depth: colour maps, panels with a scale in metres, animations.

Colours are even in log depth: equal steps of colour are equal relative differences, which is what
the metrics judge. (Even in inverse depth, 1..80 m spends half of its colours on 1..2 m.)
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray
from PIL import Image

from snn_depth.files.atomic import atomic_path

# From near to far: near is bright.
DEPTH_COLORMAP = "magma_r"
ERROR_COLORMAP = "viridis"
MAX_RELATIVE_ERROR = 0.5
_SPARSE = 0.3  # share of measured pixels
_CELL_WIDTH_IN = 2.6
_DPI = 120
_NO_MEASUREMENT = "0.55"  # grey; black and white are depths
_ROUND_DEPTHS_M = np.array([m * 10.0**e for e in range(-3, 5) for m in (1, 2, 5)])


def colorize_depth(
    depth_m: NDArray[np.floating],
    *,
    min_depth_m: float,
    max_depth_m: float,
    colormap: str = DEPTH_COLORMAP,
) -> NDArray[np.uint8]:
    """Depth (H, W) as RGB (H, W, 3); grey where nothing was measured: where it is 0 or NaN.

    The colour map (matplotlib's name) goes from the near end to the far end.
    """
    norm = LogNorm(min_depth_m, max_depth_m, clip=True)
    colors = matplotlib.colormaps[colormap].with_extremes(bad=_NO_MEASUREMENT)
    return colors(norm(_measured(depth_m)), bytes=True)[..., :3]


@dataclass(frozen=True)
class PanelRow:
    """One scene of a panel; what is absent leaves its column out or its cell empty.

    Attributes:
        predictions_m: Predicted depth in metres by method, each of shape (H, W).
        target_m: True depth in metres, shape (H, W); 0 or NaN where nothing was measured.
        texture: Grey picture made from the spikes, shape (H, W), 0..1.
        rgb: Colour picture, shape (H, W, 3), uint8.
        label: Written at the left of the row.
    """

    predictions_m: Mapping[str, NDArray[np.floating]] = field(default_factory=dict)
    target_m: NDArray[np.floating] | None = None
    texture: NDArray[np.floating] | None = None
    rgb: NDArray[np.uint8] | None = None
    label: str = ""


def save_depth_panel(
    path: Path | str,
    rows: Sequence[PanelRow],
    *,
    min_depth_m: float,
    max_depth_m: float,
    title: str = "",
) -> None:
    """Write a picture of scenes side by side: RGB, texture, predictions, truth, relative error.

    Each prediction is followed by its error where the truth is known. All depths share one
    colour scale in metres, all errors another.

    Raises:
        ValueError: For no rows.
    """
    if not rows:
        raise ValueError("a panel needs at least one row")
    cells = [_cells(row) for row in rows]
    columns = list(dict.fromkeys(name for row in cells for name in row))
    height, width = next(iter(cells[0].values()))[1].shape[:2]
    cell_height = _CELL_WIDTH_IN * height / width
    figure = _figure(
        _CELL_WIDTH_IN * len(columns) + 1.6, cell_height * len(rows) + (0.65 if title else 0.4)
    )
    axes = figure.subplots(len(rows), len(columns), squeeze=False)
    norm = LogNorm(min_depth_m, max_depth_m, clip=True)
    mappables: dict[str, AxesImage] = {}
    for axes_row, row, row_cells in zip(axes, rows, cells, strict=True):
        for ax, column in zip(axes_row, columns, strict=True):
            _hide_ticks(ax)
            if column not in row_cells:
                ax.set_visible(False)
                continue
            kind, values = row_cells[column]
            mappables[kind] = _draw(ax, kind, values, norm)
        axes_row[0].set_ylabel(row.label, fontsize=8)
    for ax, column in zip(axes[0], columns, strict=True):
        ax.set_title(column, fontsize=9)
    if "error" in mappables:
        bar = figure.colorbar(mappables["error"], ax=axes, pad=0.01, fraction=0.03, extend="max")
        bar.set_label("relative error", fontsize=8)
        bar.ax.tick_params(labelsize=7)
    if "depth" in mappables:
        _depth_bar(figure, mappables["depth"], axes)
    if title:
        figure.suptitle(title, fontsize=10)
    with atomic_path(path) as temporary:
        figure.savefig(temporary)


class DepthPicture:
    """Texture and depth side by side with a scale in metres, drawn again and again."""

    def __init__(
        self,
        height: int,
        width: int,
        *,
        min_depth_m: float,
        max_depth_m: float,
    ) -> None:
        cell_width = 4.0 if width >= height else 4.0 * width / height
        self._figure = _figure(2 * cell_width + 0.9, cell_width * height / width + 0.6)
        left, right = self._figure.subplots(1, 2)
        blank = np.zeros((height, width))
        norm = LogNorm(min_depth_m, max_depth_m, clip=True)
        self._texture = _draw(left, "grey", blank, norm)
        self._depth = _draw(right, "depth", blank, norm)
        for ax, name in ((left, "spikes (texture from playback)"), (right, "predicted depth")):
            _hide_ticks(ax)
            ax.set_title(name, fontsize=9)
        _depth_bar(self._figure, self._depth, np.array([left, right]))
        self._title = self._figure.suptitle(" ", fontsize=9)
        self._canvas = FigureCanvasAgg(self._figure)
        self._canvas.draw()
        # The layout is found once: later pictures are faster and their parts do not jump.
        self._figure.set_layout_engine("none")

    def render(
        self, texture: NDArray[np.floating], depth_m: NDArray[np.floating], title: str
    ) -> NDArray[np.uint8]:
        """Texture (H, W) in 0..1 and depth (H, W) as one RGB picture (rows, columns, 3)."""
        self._texture.set_data(texture)
        self._depth.set_data(_measured(depth_m))
        self._title.set_text(title)
        self._canvas.draw()
        return np.asarray(self._canvas.buffer_rgba())[..., :3].copy()


def save_gif(
    path: Path | str, pictures: Iterable[NDArray[np.uint8]], *, frame_duration_ms: int = 100
) -> None:
    """Write an endless animation of RGB pictures (H, W, 3), at least one, read one by one.

    GIF has 256 colours; they are the depth colours and greys, the same in every picture, so
    that nothing flickers.
    """
    depth_colors = matplotlib.colormaps[DEPTH_COLORMAP](np.linspace(0, 1, 176), bytes=True)[:, :3]
    greys = np.repeat(np.linspace(0, 255, 80).astype(np.uint8)[:, None], 3, axis=1)
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.concatenate([depth_colors, greys]).tobytes())
    frames = (
        Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.NONE)
        for picture in pictures
    )
    first = next(frames)
    with atomic_path(path) as temporary:
        first.save(
            temporary, save_all=True, append_images=frames, duration=frame_duration_ms, loop=0
        )


def _measured(depth_m: NDArray[np.floating]) -> np.ma.MaskedArray:
    """Depth with its unmeasured pixels masked."""
    depth_m = np.asarray(depth_m, dtype=np.float64)
    return np.ma.masked_where(~(np.isfinite(depth_m) & (depth_m > 0)), depth_m)


def _cells(row: PanelRow) -> dict[str, tuple[str, np.ndarray]]:
    """Columns of a row in order: title -> (kind, values)."""
    cells: dict[str, tuple[str, np.ndarray]] = {}
    if row.rgb is not None:
        cells["RGB"] = ("rgb", row.rgb)
    if row.texture is not None:
        cells["spikes (TFP)"] = ("grey", row.texture)
    target = None if row.target_m is None else _measured(row.target_m)
    for name, depth_m in row.predictions_m.items():
        cells[name] = ("depth", _measured(depth_m))
        if target is not None:
            cells[f"error of {name}"] = ("error", np.abs(depth_m - target) / target)
    if target is not None:
        cells["true depth"] = ("depth", target)
    return {
        name: (kind, _thicken(values) if np.ma.isMaskedArray(values) else values)
        for name, (kind, values) in cells.items()
    }


def _thicken(values: np.ma.MaskedArray) -> np.ma.MaskedArray:
    """Widen the points of a sparse map (lidar), which would be too small to be seen."""
    if values.count() > _SPARSE * values.size:
        return values
    size = 1 + 2 * math.ceil(values.shape[1] / (_CELL_WIDTH_IN * _DPI))
    filled = values.filled(0).astype(np.float32)
    wide = np.where(values.mask, cv2.dilate(filled, np.ones((size, size), np.uint8)), filled)
    return np.ma.masked_equal(wide, 0)


def _draw(ax: Axes, kind: str, values: np.ndarray, norm: LogNorm) -> AxesImage:
    """Show one cell."""
    if kind == "depth":
        image = ax.imshow(values, cmap=DEPTH_COLORMAP, norm=norm, interpolation="nearest")
    elif kind == "error":
        error_norm = Normalize(0, MAX_RELATIVE_ERROR)
        image = ax.imshow(values, cmap=ERROR_COLORMAP, norm=error_norm, interpolation="nearest")
    elif kind == "grey":
        image = ax.imshow(values, cmap="gray", vmin=0, vmax=1)
    else:
        image = ax.imshow(values)
    ax.set_facecolor(_NO_MEASUREMENT)
    return image


def _depth_bar(figure: Figure, image: AxesImage, axes: np.ndarray) -> None:
    """Colour bar in metres; its ticks are the range's ends and the round depths in between."""
    low, high = image.get_clim()
    margin = (high / low) ** 0.06  # keeps labels apart
    inside = _ROUND_DEPTHS_M[(low * margin < _ROUND_DEPTHS_M) & (_ROUND_DEPTHS_M < high / margin)]
    ticks = [low, *inside, high]
    bar = figure.colorbar(image, ax=axes, pad=0.01, fraction=0.03)
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.minorticks_off()
    bar.ax.tick_params(labelsize=7)
    bar.set_label("depth [m]", fontsize=8)


def _hide_ticks(ax: Axes) -> None:
    ax.set_xticks([])
    ax.set_yticks([])


def _figure(width_in: float, height_in: float) -> Figure:
    # Without pyplot: no display, no global state, nothing to close.
    return Figure(figsize=(width_in, height_in), dpi=_DPI, layout="constrained")
