"""Make recordings of the synthetic world and a sheet of pictures of them.

python -m snn_depth.data.world OUTPUT_DIR --domain night --layout suburb
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from snn_depth.command.exit import run_command
from snn_depth.command.progress import progress_bar
from snn_depth.data.streams.recording import Recording
from snn_depth.data.streams.textures import texture_from_playback
from snn_depth.data.world.config import Domain, LayoutName, Sensor
from snn_depth.data.world.generate import WorldConfig, generate
from snn_depth.evaluation.visualization import colorize_depth
from snn_depth.files.atomic import atomic_path

_SHEET_ROWS = 12
_TEXTURE_WINDOW = 33


def make_world(
    output_dir: str,
    *,
    domain: Domain = "clear",
    layout: LayoutName = "city",
    sensor: Sensor = "ideal",
    num_scenes: int = 6,
    frames_per_scene: int = 8,
    frame_spacing_m: float = 8.0,
    height: int = 64,
    width: int = 128,
    seed: int = 0,
    num_workers: int = 2,
) -> None:
    """Make recordings of the synthetic world and a sheet of pictures of them.

    Args:
        output_dir: Folder for the recordings and the sheet.
        domain: Light and weather.
        layout: Kind of place and camera.
        sensor: ideal, noisy or dim spike camera.
        num_scenes: Scenes; each becomes one recording.
        frames_per_scene: Key frames per scene.
        frame_spacing_m: Distance driven from one key frame to the next, in metres.
        height: Rows of the pictures.
        width: Columns of the pictures.
        seed: Chooses the scenes.
        num_workers: Processes.
    """
    config = WorldConfig(
        domain=domain,
        layout=layout,
        sensor=sensor,
        num_scenes=num_scenes,
        frames_per_scene=frames_per_scene,
        frame_spacing_m=frame_spacing_m,
        height=height,
        width=width,
        seed=seed,
    )
    with progress_bar(f"world: {domain}", num_scenes) as advance:
        paths = generate(config, output_dir, num_workers=num_workers, progress=advance)
    sheet = Path(output_dir) / f"{config.cache_name()}.png"
    with atomic_path(sheet) as temporary:
        Image.fromarray(contact_sheet(paths, config.max_depth_m)).save(temporary)
    print(f"{len(paths)} recordings in {paths[0].parent}\npictures (RGB, depth, TFP) in {sheet}")


def contact_sheet(paths: list[Path], max_depth_m: float) -> NDArray[np.uint8]:
    """Key frames side by side: RGB, depth, spike texture; uint8 RGB (rows, columns, 3).

    Args:
        max_depth_m: Depth of the last colour.
    """
    tiles = []
    for path in paths:
        with Recording.open(path) as recording:
            num_frames = recording.burst_frames
            for k in range(recording.num_key_frames):
                rgb, depth_m = recording.rgb(k), recording.depth_m(k)
                if rgb is None or depth_m is None:
                    raise ValueError(f"{path} lacks pictures or depth")
                window = min(_TEXTURE_WINDOW, num_frames - 1 + num_frames % 2)
                texture = texture_from_playback(
                    recording.window(k, num_frames), num_frames // 2, window
                )
                grey = np.round(255 * (texture / max(texture.max(), 1e-6)) ** (1 / 2.2))
                depth = colorize_depth(depth_m, min_depth_m=1.0, max_depth_m=max_depth_m)
                grey_rgb = np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
                tiles.append(np.concatenate([rgb, depth, grey_rgb], axis=1))
    num_columns = -(-len(tiles) // _SHEET_ROWS)
    blank = np.zeros_like(tiles[0])
    tiles += [blank] * (-len(tiles) % num_columns)
    rows = [
        np.concatenate(tiles[i : i + num_columns], axis=1)
        for i in range(0, len(tiles), num_columns)
    ]
    return np.concatenate(rows, axis=0)


if __name__ == "__main__":
    run_command(make_world)
