import h5py
import pytest

from snn_depth.data.sets.public.nyu_v2_mat import labelled_frames
from tests.snn_depth.data.sets.public.trees import HEIGHT, WIDTH, make_nyu_labelled


@pytest.fixture
def root(tmp_path):
    return make_nyu_labelled(tmp_path / "nyu")


def test_axes_of_matlab(root):
    rgb, depth_m = labelled_frames(root, "train", filled=False)[1].read()
    with h5py.File(root / "nyu_depth_v2_labeled.mat") as file:
        assert rgb[3, 5].tolist() == file["images"][2, :, 5, 3].tolist()
    assert rgb.shape == (HEIGHT, WIDTH, 3)
    assert depth_m.shape == (HEIGHT, WIDTH)
    assert depth_m[0].max() == 0
    assert depth_m[1:].min() == 3


def test_depth_that_cannot_be(root):
    with h5py.File(root / "nyu_depth_v2_labeled.mat", "a") as file:
        file["rawDepths"][4, 7, 7] = -1
    with pytest.raises(ValueError, match="depth 4 has negative or infinite values"):
        labelled_frames(root, "train", filled=False)[2].read()
