"""A folder of the project's own recordings, looked at as other data sets are."""

from pathlib import Path

from snn_depth.data.sample import Sample
from snn_depth.data.sets.key_frame import read_sample
from snn_depth.data.sets.public.public_dataset import DatasetLayout, LayoutReport
from snn_depth.data.sets.recording_dataset import find_recordings
from snn_depth.data.streams.recording import Recording

_PREVIEW_FRAMES = 64


class RecordingFolder(DatasetLayout):
    """Recordings (`*.h5`) as `snn_depth.simulate` makes them; `RecordingDataset` reads them."""

    title = "recordings of this project"
    expected_tree = """\
*.h5                        made by python -m snn_depth.simulate, also in sub-folders"""

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """See `DatasetLayout.recognises`: whether there is an `*.h5`, here or one folder down."""
        return any(root.glob("*.h5")) or any(root.glob("*/*.h5"))

    @classmethod
    def check_layout(cls, root: Path) -> LayoutReport:
        """See `DatasetLayout.check_layout`; opens every recording."""
        try:
            paths = find_recordings([root])
        except ValueError as error:
            return LayoutReport({}, [str(error)])
        num_samples: dict[str, int] = {}
        problems: list[str] = []
        first_with: dict[tuple[int, int, float], Path] = {}
        for path in paths:
            try:
                with Recording.open(path) as recording:
                    spikes, num_key_frames = recording.spikes, recording.num_key_frames
                    camera = (spikes.height, spikes.width, spikes.sample_rate_hz)
                    parts = _parts(recording) if num_key_frames else ""
            except (ValueError, OSError) as error:
                problems.append(str(error))
                continue
            first_with.setdefault(camera, path)
            if not num_key_frames:
                problems.append(f"{path} has no key frame, so that it makes no sample")
                continue
            num_samples[parts] = num_samples.get(parts, 0) + num_key_frames
        if len(first_with) > 1:
            listed = ", ".join(
                f"{height}x{width} at {rate_hz:g} Hz ({path})"
                for (height, width, rate_hz), path in first_with.items()
            )
            problems.append(f"recordings differ in size or rate: {listed}")
        return LayoutReport(num_samples, problems)

    @classmethod
    def preview(cls, root: Path) -> Sample:
        """See `DatasetLayout.preview`; without depth where the recordings have none."""
        for path in find_recordings([root]):
            with Recording.open(path) as recording:
                for k in range(recording.num_key_frames):
                    num_frames = min(_PREVIEW_FRAMES, recording.burst_frames or _PREVIEW_FRAMES)
                    if recording.has_window(k, num_frames):
                        return read_sample(recording, k, num_frames, num_bins=1)
        raise ValueError(f"no key frame with {_PREVIEW_FRAMES} spike frames around it in {root}")


def _parts(recording: Recording) -> str:
    """What the first key frame has, in words."""
    parts = {"RGB": recording.rgb(0), "depth": recording.depth_m(0)}
    return ", ".join(["spikes", *(name for name, part in parts.items() if part is not None)])
