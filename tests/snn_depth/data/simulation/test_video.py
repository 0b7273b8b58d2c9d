import cv2
import numpy as np
import pytest
from PIL import Image

from snn_depth.data.simulation.video import VideoFile, find_sequences


def picture(height=12, width=16, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def save(path, rgb):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb).save(path)
    return path


def save_video(path, num_frames=7, fps=25.0, size=(32, 48)):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, size[::-1])
    for index in range(num_frames):
        writer.write(np.full((*size, 3), (10 * index, 40, 200), np.uint8))
    writer.release()
    return path


def test_video_yields_pictures(tmp_path):
    video = VideoFile(save_video(tmp_path / "a.avi"))
    assert (len(video), video.frame_rate_hz) == (7, 25.0)
    frames = list(video)
    assert [frame.shape for frame in frames] == [(32, 48, 3)] * 7
    # RGB, not OpenCV's BGR.
    np.testing.assert_allclose(frames[3][5, 5], [200, 40, 30], atol=6)


def test_missing_and_empty(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        find_sequences(tmp_path / "absent")
    with pytest.raises(ValueError, match="no pictures match"):
        find_sequences(tmp_path)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ValueError, match="neither a folder nor a video"):
        find_sequences(tmp_path / "notes.txt")
    with pytest.raises(FileNotFoundError, match="video not found"):
        VideoFile(tmp_path / "a.mp4")


def test_file_that_is_no_video(tmp_path):
    (tmp_path / "a.mp4").write_text("hello")
    with pytest.raises(ValueError, match=r"cannot decode video .*a\.mp4"):
        VideoFile(tmp_path / "a.mp4")


def test_finds_sequences(tmp_path):
    save(tmp_path / "drive_2" / "image_02" / "0.png", picture())
    save(tmp_path / "drive_10" / "image_02" / "0.png", picture())
    save_video(tmp_path / "clip.avi")
    (tmp_path / "calibration").mkdir()
    pattern = "image_02/*.png"
    names = [path.name for path in find_sequences(tmp_path, pattern)]
    assert names == ["clip.avi", "drive_2", "drive_10"]
    assert find_sequences(tmp_path / "drive_2", pattern) == [tmp_path / "drive_2"]
    assert find_sequences(tmp_path / "clip.avi") == [tmp_path / "clip.avi"]
