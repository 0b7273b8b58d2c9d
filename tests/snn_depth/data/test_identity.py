import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from snn_depth.data.identity import content_of, data_content, place_arguments, plain_content
from snn_depth.data.sets.world_dataset import WorldDataset
from snn_depth.data.world.config import WORLD_VERSION

SETS = "snn_depth.data.sets"


def recordings(*places: Path, **arguments: Any) -> dict[str, Any]:
    paths = [str(place) for place in places]
    return {
        "class_path": f"{SETS}.recording_dataset.RecordingDataset",
        "init_args": {"paths": paths[0] if len(paths) == 1 else paths} | arguments,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    (folder / "drive").mkdir(parents=True)
    (folder / "drive" / "a.h5").write_bytes(bytes(range(256)) * 100)
    (folder / "b.h5").write_bytes(b"b")
    return folder


def test_moved_data_is_the_same_and_changed_data_another(folder: Path) -> None:
    def content(place: Path) -> Any:
        return data_content(recordings(place))

    before = content(folder)
    moved = folder.rename(folder.parent / "there")
    assert content(moved) == before
    copied = Path(shutil.copytree(moved, folder))
    assert content(copied) == before
    (copied / ".hidden").touch()
    assert content(copied) == before, "an editor's or a killed writer's"
    for change in (
        lambda: (copied / "c.h5").touch(),
        lambda: (copied / "c.h5").write_bytes(b"c"),
        lambda: (copied / "c.h5").write_bytes(b"d"),
        lambda: (copied / "c.h5").rename(copied / "d.h5"),
        lambda: (copied / "d.h5").rename(copied / "drive" / "d.h5"),
    ):
        change()
        assert content(copied) != before
        before = content(copied)


@pytest.mark.parametrize("at", [0, 12_800, 25_599])
def test_beginning_middle_and_end_of_a_file_count(folder: Path, at: int) -> None:
    file = folder / "drive" / "a.h5"
    before = content_of(file), content_of(folder)
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)
    after = content_of(file), content_of(folder)
    assert before[0] != after[0] and before[1] != after[1]


def test_a_file_counts_by_its_content_and_several_in_order(folder: Path) -> None:
    a, b = folder / "drive" / "a.h5", folder / "b.h5"
    c = Path(shutil.copy(a, folder / "c.h5"))
    assert data_content(recordings(a, b)) == data_content(recordings(c, b))
    assert data_content(recordings(a, b)) != data_content(recordings(b, a))
    assert data_content(recordings(a)) != data_content(recordings(b))
    assert data_content(recordings(a)) != data_content(recordings(a, num_bins=4))


def test_a_name_stands_for_files(folder: Path) -> None:
    named = data_content(recordings(folder), "my drives")
    assert data_content(recordings(folder / "nowhere"), "my drives") == named
    assert data_content(recordings(folder), "other drives") != named
    assert data_content(recordings(folder, num_bins=4), "my drives") != named
    with pytest.raises(ValueError, match=r"nowhere does not exist; .* recipe's data_identity"):
        data_content(recordings(folder / "nowhere"))


def test_arguments_that_are_places() -> None:
    expected = {
        "recording_dataset.RecordingDataset": {"paths"},
        "window_dataset.WindowDataset": {"paths", "trained_for"},
        "picture_dataset.PictureDataset": {"folder", "noise"},
        "public.KittiRaw": {"root", "split_file", "depth_root"},
        "public.NyuV2": {"root", "split_file"},
        "public.DrivingStereo": {"root"},
        "public.DrivingStereoWeather": {"root"},
        "public.VirtualKitti2": {"root"},
        "public.PkuSpikeStereo": {"root"},
        "public.DenseSpike": {"root"},
    }
    for name, arguments in expected.items():
        # Those of the classes below are the paths of what these have found.
        found = place_arguments(f"{SETS}.{name}")
        assert found.keys() - {"paths"} == arguments - {"paths"}, name
    assert place_arguments("tests.snn_depth.training.tiny_run.TinyData") == {}


def test_words_are_no_places(folder: Path) -> None:
    def content(noise: str) -> Any:
        settings = {"folder": str(folder), "noise": noise, "cache_dir": "here"}
        return data_content(
            {"class_path": f"{SETS}.picture_dataset.PictureDataset", "init_args": settings}
        )["init_args"]

    assert content("model")["noise"] == "model"
    maps = folder.parent / "maps.npz"
    maps.write_bytes(b"maps")
    measured = content(str(maps))["noise"]
    assert content(str(maps.rename(folder.parent / "moved.npz")))["noise"] == measured != "model"
    (folder.parent / "moved.npz").write_bytes(b"paps")
    assert content(str(folder.parent / "moved.npz"))["noise"] != measured


def test_places_of_caches_and_processes_are_no_content() -> None:
    world = {"domain": "clear", "seed": 1}
    settings = {
        "class_path": f"{SETS}.world_dataset.WorldDataset",
        "init_args": {"world": world, "cache_dir": "here", "num_workers": 2, "num_bins": 8},
    }
    content = data_content(settings)
    assert content["init_args"] == {"world": world, "num_bins": 8}
    assert content["version"] == WorldDataset.version == WORLD_VERSION
    assert content == plain_content(settings)
    other = deepcopy(settings)
    other["init_args"]["cache_dir"] = "there"  # type: ignore[index]
    assert data_content(other) == content


class Outside:
    """A user's class, whose folder is a text, with one inside of it."""

    class Inner:
        def __init__(self, folder: str) -> None: ...

    def __init__(self, folder: str, split: "NotImportedHere" = "train") -> None: ...  # noqa: F821


def make_outside(folder: Path) -> Outside:
    return Outside(str(folder))


@pytest.mark.parametrize("maker", ["Outside", "Outside.Inner", "make_outside"])
def test_a_place_of_a_users_own_class_or_function(maker: str, folder: Path) -> None:
    def content(place: Path) -> Any:
        arguments = {"folder": str(place), "split": "no such file"}
        return data_content({"class_path": f"{__name__}.{maker}", "init_args": arguments})

    before = content(folder)
    moved = folder.rename(folder.parent / "there")
    assert content(moved) == before
    (moved / "c.h5").write_bytes(b"c")
    assert content(moved) != before


def test_a_name_does_not_hide_which_list_of_pictures_is_read() -> None:
    def content(split_file: str, root: str) -> Any:
        arguments = {"root": root, "split_file": split_file}
        settings = {"class_path": f"{SETS}.public.KittiRaw", "init_args": arguments}
        return data_content(settings, "KITTI")

    assert content("lists/train.txt", "/data/a") == content("elsewhere/train.txt", "/data/b")
    assert content("lists/train.txt", "/data/a") != content("lists/test.txt", "/data/a")
