"""Small data sets in the layouts of the large ones."""

from pathlib import Path

import h5py
import numpy as np
import scipy.io
from PIL import Image

from snn_depth.data.streams.spike_stream import save_spikes

HEIGHT, WIDTH = 24, 40


def save_rgb(
    path: Path, seed: int, shift: int = 0, size: tuple[int, int] = (HEIGHT, WIDTH)
) -> None:
    """A smooth random picture, moved to the left by `shift` pixels."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (size[0] // 4, size[1], 3), np.uint8))
    fine = np.asarray(coarse.resize((size[1] * 4, size[0]), Image.Resampling.BICUBIC))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(fine[:, shift : shift + size[1]]).save(path)


def save_depth(path: Path, stored: int | np.ndarray) -> None:
    """A 16-bit PNG; a number fills it."""
    values = np.broadcast_to(np.asarray(stored, np.uint16), (HEIGHT, WIDTH))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.ascontiguousarray(values)).save(path)


def make_virtual_kitti2(
    root: Path, scenes: tuple[str, ...] = ("Scene01",), num_frames: int = 3, separate: bool = False
) -> Path:
    """Depth (frame + 1) m, the uppermost row sky; the camera moves 0.5 m ahead per frame."""
    for scene in scenes:
        folders = {
            archive: (root / f"vkitti_2.0.3_{archive}" if separate else root) / scene / "clone"
            for archive in ("rgb", "depth", "textgt")
        }
        intrinsic = ["frame cameraID K[0,0] K[1,1] K[0,2] K[1,2]"]
        extrinsic = ["frame cameraID r1,1 r1,2 r1,3 t1 r2,1 r2,2 r2,3 t2 r3,1 r3,2 r3,3 t3 0 0 0 1"]
        for k in range(num_frames):
            rgb = folders["rgb"] / f"frames/rgb/Camera_0/rgb_{k:05d}.jpg"
            save_rgb(rgb, seed=int(scene[-2:]), shift=4 * k)
            stored = np.full((HEIGHT, WIDTH), 100 * (k + 1))
            stored[0] = 65535
            save_depth(folders["depth"] / f"frames/depth/Camera_0/depth_{k:05d}.png", stored)
            for camera in (0, 1):
                intrinsic.append(f"{k} {camera} {30 + camera} 32 20 12")
                world_to_camera = np.eye(4)
                world_to_camera[2, 3] = -0.5 * k
                values = " ".join(map(str, world_to_camera.ravel()))
                extrinsic.append(f"{k} {camera} {values}")
        folders["textgt"].mkdir(parents=True, exist_ok=True)
        (folders["textgt"] / "intrinsic.txt").write_text("\n".join(intrinsic) + "\n")
        (folders["textgt"] / "extrinsic.txt").write_text("\n".join(extrinsic) + "\n")
    return root


DRIVE = "2011_09_26_drive_0001_sync"


def make_kitti_raw(
    root: Path, drive: str = DRIVE, num_frames: int = 5, depth: str = "train"
) -> Path:
    """Depth (number + 1) m for all pictures but the first and the last."""
    for k in range(num_frames):
        save_rgb(
            root / drive[:10] / drive / f"image_02/data/{k:010d}.png", seed=1, shift=2 * k % 100
        )
        if 0 < k < num_frames - 1:
            inside = f"{drive}/proj_depth/groundtruth/image_02/{k:010d}.png"
            save_depth(root / depth / inside, 256 * (k + 1))
    (root / drive[:10] / "calib_cam_to_cam.txt").write_text(
        "calib_time: 09-Jan-2012 13:57:47\ncorner_dist: 9.950000e-02\n"
        "P_rect_02: 30 0 20 44.8 0 32 12 0.2 0 0 1 0.003\n"
        "P_rect_03: 31 0 21 44.8 0 33 13 0.2 0 0 1 0.003\n"
    )
    return root


SEQUENCE = "2018-07-09-16-11-56"


def driving_stereo_names(sequence: str, num: int, step_ms: int = 200) -> list[str]:
    return [
        f"{sequence}_{sequence[:-2]}{57 + k * step_ms // 1000:02d}-{k * step_ms % 1000:03d}"
        for k in range(num)
    ]


def make_driving_stereo(root: Path, sequence: str = SEQUENCE, num: int = 3) -> Path:
    """Depth 7.5 m."""
    for k, name in enumerate(driving_stereo_names(sequence, num)):
        save_rgb(root / "train-left-image" / sequence / f"{name}.jpg", seed=2, shift=3 * k)
        save_depth(root / "train-depth-map" / sequence / f"{name}.png", 1920)
    write_half_calibration(root, sequence)
    return root


def write_half_calibration(root: Path, sequence: str) -> None:
    folder = root / "half-image-calib"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{sequence}.txt").write_text(
        "S_101: 881 400\nP_rect_101: 31 0 20 0 0 31 12 0 0 0 1 0\n"
        "P_rect_103: 31 0 20 -17 0 31 12 0 0 0 1 0\n"
    )


def make_weather(root: Path, num: int = 5) -> Path:
    """The four weathers, depth 1, 2, 3 ... m."""
    for index, weather in enumerate(("sunny", "cloudy", "foggy", "rainy")):
        for k, name in enumerate(driving_stereo_names(f"2018-10-1{index}-09-30-39", num, 3000)):
            save_rgb(root / weather / "left-image-half-size" / f"{name}.jpg", seed=10 * index + k)
            save_depth(root / weather / "depth-map-half-size" / f"{name}.png", 256 * (k + 1))
    return root


def make_nyu_labelled(root: Path, num: int = 5) -> Path:
    """Picture k has the depth 1 + k m, measured everywhere but in the first row."""
    rng = np.random.default_rng(3)
    root.mkdir(parents=True, exist_ok=True)
    depths = np.ones((num, WIDTH, HEIGHT), np.float32) * (1 + np.arange(num))[:, None, None]
    raw_depths = depths.astype(np.float32)
    raw_depths[:, :, 0] = 0
    with h5py.File(root / "nyu_depth_v2_labeled.mat", "w") as file:
        file["images"] = rng.integers(0, 256, (num, 3, WIDTH, HEIGHT), np.uint8)
        file["depths"], file["rawDepths"] = depths.astype(np.float32), raw_depths
    numbers = np.arange(1, num + 1)[:, None]
    splits = {"trainNdxs": numbers[::2], "testNdxs": numbers[1::2]}
    scipy.io.savemat(root / "splits.mat", splits)
    return root


def make_nyu_folders(root: Path) -> Path:
    """Two training pictures of one scene and one of another, one test picture."""
    for folder, scene, number in (
        ("sync", "kitchen_0028b", 0),
        ("sync", "kitchen_0028b", 45),
        ("sync", "bathroom_0001", 7),
        ("official_splits/test", "bathroom", 45),
    ):
        save_rgb(root / folder / scene / f"rgb_{number:05d}.jpg", seed=number)
        save_depth(root / folder / scene / f"sync_depth_{number:05d}.png", 1000 + number)
    return root


DENSE_SHAPE = (6, 10, 8)  # height, width, spike frames


def dense_stamps(first: int, num_rows: int) -> str:
    return "".join(f"{row} {(first + row) / 30:.6f}\n" for row in range(num_rows))


def dense_spikes(picture: int) -> np.ndarray:
    height, width, num_frames = DENSE_SHAPE
    return np.random.default_rng(picture).random((num_frames, height, width)) < 0.3


def dense_depth_m(picture: int) -> np.ndarray:
    depth_m = np.full(DENSE_SHAPE[:2], 10.0 + picture)
    depth_m[0, 0], depth_m[0, 1] = 1000.0, np.nan  # sky, and a hole
    return depth_m


def add_dense_sequence(root: Path, place: str) -> Path:
    """Six pictures; the spikes' rows 0..3 belong to pictures 1..4."""
    sequence = root / place
    for folder in ("spike/r128", "depth/data", "rgb/frames"):
        (sequence / folder).mkdir(parents=True)
    (sequence / "depth/data/timestamps.txt").write_text(dense_stamps(0, 6))
    (sequence / "spike/r128/timestamps.txt").write_text(dense_stamps(1, 4))
    for picture in range(6):
        np.save(sequence / f"depth/data/depth_{picture:010d}.npy", dense_depth_m(picture))
        rgb = np.full((*DENSE_SHAPE[:2], 3), 10 * picture, np.uint8)
        Image.fromarray(rgb).save(sequence / f"rgb/frames/frame_{picture:010d}.png")
    for row in range(1, 4):
        path = sequence / f"spike/r128/spike_{row:010d}.npy"
        np.save(path, dense_spikes(row + 1).astype(np.float32))
    return sequence


PKU_FRAMES = np.random.default_rng(0).random((10, 250, 400)) < 0.3
# Nearer towards the bottom and the right of the scene.
PKU_DEPTH_M = np.linspace(4, 2, 250)[:, None] + np.linspace(1, 0, 400)


def add_pku_sample(root: Path, place: str, *, with_depth: bool = True) -> Path:
    """One sample of real spikes; `place` is such as indoor/left/0000/0002."""
    folder = root / place
    folder.mkdir(parents=True)
    save_spikes(PKU_FRAMES, folder / f"{folder.name}.dat")
    if with_depth:
        stored = np.rot90(PKU_DEPTH_M, 2).astype(np.float32)
        np.save(folder / f"{folder.name}_gt.npy", stored)
    return folder
