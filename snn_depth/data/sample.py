"""What a rig of named sensors saw at one moment: what every data set gives and all else reads.

`view_fields` alone knows how a field is handled; every operation here runs over all fields. What
several views share, as the depth of common pixels, stays one tensor.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Self, TypeVar

import torch
from torch import Tensor

from snn_depth.data.view_fields import (
    Depth,
    Field,
    Image,
    Intrinsics,
    Size,
    Transform,
    Window,
)

SPIKES, RGB, NIR, THERMAL = "spikes", "rgb", "nir", "thermal"
HIDDEN_BY_STAGE = "`hidden` of the stage hides it from the objective"
Change = Callable[[Field, Tensor, Size], Tensor]
Stack = Callable[[Field, Sequence[Tensor]], Tensor]


class View:
    """One sensor at one moment; in a batch, one sensor of every sample.

    Reading a field that the view does not have, or that is hidden, raises ValueError.

    Attributes:
        image: Spikes are uint8 counts per time bin (T, 1, H, W), or averages of counts, which are
            floating; others give a picture (C, H, W), uint8 or 0..1. In a batch: float32 counts
            (T, B, 1, H, W), or a picture (B, C, H, W) in 0..1.
        intrinsics: (3, 3) in pixels of the image; pixel centres lie at whole numbers.
        rig_from_camera: (4, 4) from the camera's coordinates to the rig's, in metres.
        depth_m: (1, H, W), 0 where nothing was measured.
        time_s: 0-dim.
    """

    image = Image()
    intrinsics = Intrinsics()
    rig_from_camera = Transform()
    depth_m = Depth()
    time_s = Field()

    def __init__(
        self,
        image: Tensor,
        *,
        intrinsics: Tensor | None = None,
        rig_from_camera: Tensor | None = None,
        depth_m: Tensor | None = None,
        time_s: Tensor | None = None,
    ) -> None:
        given = {
            "image": image,
            "intrinsics": intrinsics,
            # One camera is a rig.
            "rig_from_camera": torch.eye(4) if rig_from_camera is None else rig_from_camera,
            "depth_m": depth_m,
            "time_s": time_s,
        }
        self.parts = {name: part for name, part in given.items() if part is not None}
        self.hidden: Mapping[str, str] = {}

    @property
    def size(self) -> Size:
        """Height and width in pixels."""
        return self.image.shape[-2], self.image.shape[-1]

    @property
    def holds_spikes(self) -> bool:
        """Whether a sample's image is counts per time bin, and no picture."""
        return self.image.ndim == 4

    @property
    def valid_mask(self) -> Tensor:
        """Where depth was measured, boolean."""
        return self.depth_m > 0

    def has(self, name: str) -> bool:
        """Whether a field is there and may be read."""
        return name in self.parts

    def part(self, name: str) -> Tensor:
        """The field of that name.

        Raises:
            ValueError: When the view does not have it, or it is hidden.
        """
        if name in self.parts:
            return self.parts[name]
        why = self.hidden.get(name, f"the data has only {sorted(self.parts)}")
        raise ValueError(f"{name!r} is needed, but {why}")

    def replace(self, **parts: Tensor | None) -> "View":
        """The same with other fields; None takes one away."""
        return _view({**self.parts, **parts}, self.hidden)

    def hide(self, names: Iterable[str], why: str) -> "View":
        """The same without some fields; reading one raises and says why."""
        kept = {name: part for name, part in self.parts.items() if name not in names}
        return _view(kept, {**self.hidden, **dict.fromkeys(names, why)})

    def changed(self, change: Change) -> "View":
        """Every field changed in its own way."""
        size = self.size
        parts = {n: change(FIELDS[n], part, size) for n, part in self.parts.items()}
        return _view(parts, self.hidden)

    def mirror(self) -> "View":
        """Left-right mirror of the scene."""
        return self.changed(_mirror)

    def crop(self, window: Window) -> "View":
        """The part of the image inside the window."""
        return self.changed(lambda field, x, size: field.crop(x, size, window))

    def resize(self, new_size: Size) -> "View":
        """The image at another height and width."""
        return self.changed(lambda field, x, size: field.resize(x, size, new_size))

    def __repr__(self) -> str:
        shapes = (f"{name}={tuple(part.shape)}" for name, part in self.parts.items())
        return f"View({', '.join(shapes)})"


FIELDS = {name: field for name, field in vars(View).items() if isinstance(field, Field)}
_TRANSFORM, _FLAG = Transform(), Field()


@dataclass(frozen=True, eq=False)
class Sample:
    """What a rig saw at one moment, and around it.

    Attributes:
        views: By name of the sensor.
        neighbours: Other moments of the same rig, if asked for, by their distance in key frames.
        centre_from_rig: Of a neighbour, (4, 4): from the rig's coordinates at its moment to those
            at the moment that it is a neighbour of, in metres.
        target: An unlabelled sample of another domain that lies beside this one, if asked for.
        hidden: By name of each view that must not be seen, why.
    """

    views: Mapping[str, View]
    neighbours: Mapping[int, "Sample"] = field(default_factory=dict)
    centre_from_rig: Tensor | None = None
    target: "Target[Any] | None" = None
    hidden: Mapping[str, str] = field(default_factory=dict)

    def __contains__(self, sensor: str) -> bool:
        return sensor in self.views

    def __getitem__(self, sensor: str) -> View:
        if sensor in self.views:
            return self.views[sensor]
        why = self.hidden.get(sensor, f"the data has only {sorted(self.views)}")
        raise ValueError(f"{sensor!r} is needed, but {why}")

    @property
    def labelled(self) -> View | None:
        """The first view with depth."""
        return next((view for view in self.views.values() if view.has("depth_m")), None)

    def replace(self, sensor: str, **parts: Tensor | None) -> Self:
        """The same with other fields of one view; None takes one away."""
        return replace(self, views={**self.views, sensor: self[sensor].replace(**parts)})

    def changed(self, change: Change) -> Self:
        """Every field of every view changed in its own way; what is shared stays shared."""
        change = _once(change)
        place = self.centre_from_rig
        return replace(
            self,
            views={sensor: view.changed(change) for sensor, view in self.views.items()},
            neighbours={n: sample.changed(change) for n, sample in self.neighbours.items()},
            centre_from_rig=None if place is None else change(_TRANSFORM, place, (0, 0)),
            target=None if self.target is None else self.target.changed(change),
        )

    def mirror(self) -> Self:
        """Left-right mirror of the scene: of images, cameras, poses."""
        return self.changed(_mirror)

    def crop(self, window: Window) -> Self:
        """The part of all images inside the window."""
        return self.changed(lambda field, x, size: field.crop(x, size, window))

    def to(self, device: torch.device | str) -> Self:
        """The same on another device; the training engine calls it."""
        has_float64 = torch.device(device).type != "mps"  # Apple's GPUs have none; times are in it

        def moved(field: Field, x: Tensor, size: Size) -> Tensor:
            return (x if has_float64 or x.dtype != torch.float64 else x.float()).to(device)

        return self.changed(moved)

    def hide(self, names: Iterable[str], why: str) -> Self:
        """The same without some fields or views; reading one raises and says why.

        Args:
            names: A field (of all views), sensor.field, or a sensor; what is not there is no error.
            why: Ends the sentence "'depth_m' is needed, but".
        """
        names = set(names)
        views = {
            sensor: view.hide({f for f in FIELDS if {f, f"{sensor}.{f}"} & names}, why)
            for sensor, view in self.views.items()
            if sensor not in names
        }
        return replace(
            self,
            views=views,
            neighbours={n: sample.hide(names, why) for n, sample in self.neighbours.items()},
            target=None if self.target is None else self.target.hide(names, why),
            hidden={**self.hidden, **dict.fromkeys(names - set(FIELDS), why)},
        )


@dataclass(frozen=True, eq=False)
class Batch(Sample):
    """Samples stacked, with the same attributes; see `View` for the shapes."""

    neighbours: Mapping[int, "Batch"] = field(default_factory=dict)
    target: "Target[Batch] | None" = None

    def __len__(self) -> int:
        view = next(iter(self.views.values()))
        return view.image.shape[-4]


Seen = TypeVar("Seen", bound=Sample)


@dataclass(frozen=True, eq=False)
class Target(Generic[Seen]):
    """Two views of an unlabelled sample.

    Attributes:
        weak: What the teacher sees: the sample as it is.
        strong: What the student sees: the same place changed at random.
        mirrored: Whether the strong view is the mirror image of the weak one, boolean, 0-dim.
    """

    weak: Seen
    strong: Seen
    mirrored: Tensor

    def changed(self, change: Change) -> "Target[Seen]":
        """As of a sample."""
        flag = change(_FLAG, self.mirrored, (0, 0))
        return Target(self.weak.changed(change), self.strong.changed(change), flag)

    def hide(self, names: Iterable[str], why: str) -> "Target[Seen]":
        """As of a sample."""
        return replace(self, weak=self.weak.hide(names, why), strong=self.strong.hide(names, why))


def checked(sample: Any) -> Sample:
    """A sample as a data set gave it.

    Raises:
        ValueError: For anything else, as the dictionaries of earlier versions.
    """
    if isinstance(sample, Sample):
        return sample
    raise ValueError(
        f"a data set gave a {type(sample).__name__}; accepted: snn_depth.data.sample.Sample, such "
        "as Sample({'spikes': View(counts_T1HW, depth_m=depth_m_1HW)})"
    )


def check_hidden(names: Iterable[str], sample: Sample) -> None:
    """Make sure that every name hides something that a sample can have.

    Raises:
        ValueError: For another name.
    """
    fields = [name for name in FIELDS if name != "image"]
    dotted = [f"{sensor}.{name}" for sensor in sample.views for name in fields]
    for name in names:
        if name not in (*fields, *sample.views, *dotted):
            raise ValueError(
                f"hidden names {name!r}; accepted: {', '.join([*fields, *sample.views])}, or a "
                f"sensor's field such as {dotted[0]}"
            )


def collate(samples: Sequence[Any], hidden: Iterable[str] = ()) -> Batch:
    """Stack samples of one size and with the same parts.

    Args:
        samples: As a data set gave them.
        hidden: What the stage hides from its objective, see `Sample.hide`.

    Raises:
        ValueError: When they have different parts, or a data set gave something else.
    """
    known: dict[tuple[int, ...], Tensor] = {}

    def stack(field: Field, tensors: Sequence[Tensor]) -> Tensor:
        key = (id(field), *map(id, tensors))
        if key not in known:
            known[key] = field.stack(tensors)
        return known[key]

    visible = [checked(sample) for sample in samples]
    if hidden:
        visible = [sample.hide(hidden, HIDDEN_BY_STAGE) for sample in visible]
    return _stacked(visible, stack)


def _stacked(samples: Sequence[Sample], stack: Stack) -> Batch:
    _check_same([part_names(sample) for sample in samples])
    first = samples[0]
    targets = [sample.target for sample in samples if sample.target is not None]
    places = [s.centre_from_rig for s in samples if s.centre_from_rig is not None]
    views = {}
    for sensor, view in first.views.items():
        parts = [sample.views[sensor].parts for sample in samples]
        stacked = {name: stack(FIELDS[name], [p[name] for p in parts]) for name in view.parts}
        views[sensor] = _view(stacked, view.hidden)
    return Batch(
        views,
        {n: _stacked([s.neighbours[n] for s in samples], stack) for n in first.neighbours},
        stack(_TRANSFORM, places) if places else None,
        Target(
            _stacked([target.weak for target in targets], stack),
            _stacked([target.strong for target in targets], stack),
            stack(_FLAG, [target.mirrored for target in targets]),
        )
        if targets
        else None,
        first.hidden,
    )


def part_names(sample: Sample) -> list[str]:
    """What a sample has, such as "spikes.image"; of neighbours and target only that they are."""
    names = [f"{sensor}.{part}" for sensor, view in sample.views.items() for part in view.parts]
    names += [f"neighbours[{n}]" for n in sample.neighbours]
    names += ["target"] if sample.target is not None else []
    return sorted(names + (["centre_from_rig"] if sample.centre_from_rig is not None else []))


def _check_same(parts: Sequence[list[str]]) -> None:
    different = {tuple(names) for names in parts}
    if len(different) > 1:
        listed = " and ".join(sorted(str(list(names)) for names in different))
        raise ValueError(f"samples of one batch have different parts: {listed}")


def _view(parts: Mapping[str, Tensor | None], hidden: Mapping[str, str]) -> View:
    view = View.__new__(View)
    view.parts = {name: part for name, part in parts.items() if part is not None}
    view.hidden = hidden
    return view


def _mirror(field: Field, x: Tensor, size: Size) -> Tensor:
    return field.mirror(x, size)


def _once(change: Change) -> Change:
    """Changes a tensor once, however often it is met."""
    known: dict[tuple[int, int, Size], Tensor] = {}

    def changed(field: Field, x: Tensor, size: Size) -> Tensor:
        key = (id(field), id(x), size)
        if key not in known:
            known[key] = change(field, x, size)
        return known[key]

    return changed
