"""Layouts: kinds of places and the cameras that see them."""

from dataclasses import dataclass

from snn_depth.data.world.geometry.camera_motion import Mount


@dataclass(frozen=True)
class Layout:
    """A kind of place; ranges are drawn from uniformly, probabilities are per scene or slot.

    Attributes:
        num_lanes: Numbers of lanes to choose from.
        parking_probability: That cars park along a side.
        setback_m: Distance from the pavement to the houses.
        bank_slope: Steepest land beside the road, either way.
        town_houses: Whether houses are town houses in a row (else detached).
        empty_lot_probability: That a house is missing.
        tree_spacing_m: Mean distance of trees along each side.
        barrier_probability: That a wall, fence or hedge runs along a side.
        overhead_probability: That a bridge or sign gantry spans the road, per 40 m.
        closed_end_probability: That a building closes the road (a T-junction).
        small_objects_per_m: Density of people, signs, bins and bushes on each side.
    """

    mount: Mount
    horizontal_fov_deg: float
    num_lanes: tuple[int, ...]
    parking_probability: float
    pavement_m: tuple[float, float]
    no_pavement_probability: float
    setback_m: tuple[float, float]
    max_slope: float
    bank_slope: float
    town_houses: bool
    gap_m: tuple[float, float]
    empty_lot_probability: float
    floors: tuple[int, int]
    tree_spacing_m: tuple[float, float]
    conifer_share: float
    barrier_probability: float
    overhead_probability: float
    closed_end_probability: float
    small_objects_per_m: float
    traffic: float


LAYOUTS: dict[str, Layout] = {
    "city": Layout(
        mount=Mount(
            height_m=(0.8, 2.6),
            pitch_deg=(-5.0, 7.0),
            roll_deg=2.0,
            yaw_deg=9.0,
            side_view_probability=0.3,
            side_view_deg=(15.0, 42.0),
            speed_mps=(4.0, 16.0),
        ),
        horizontal_fov_deg=82.0,
        num_lanes=(1, 2, 2, 3, 4),
        parking_probability=0.6,
        pavement_m=(1.2, 4.5),
        no_pavement_probability=0.15,
        setback_m=(0.0, 5.0),
        max_slope=0.10,
        bank_slope=0.06,
        town_houses=True,
        gap_m=(0.0, 6.0),
        empty_lot_probability=0.2,
        floors=(1, 6),
        tree_spacing_m=(7.0, 40.0),
        conifer_share=0.05,
        barrier_probability=0.3,
        overhead_probability=0.22,
        closed_end_probability=0.3,
        small_objects_per_m=0.16,
        traffic=1.0,
    ),
    "suburb": Layout(
        mount=Mount(
            height_m=(1.3, 1.9),
            pitch_deg=(2.0, 12.0),
            roll_deg=1.5,
            yaw_deg=12.0,
            side_view_probability=0.3,
            side_view_deg=(18.0, 50.0),
            speed_mps=(3.0, 12.0),
        ),
        horizontal_fov_deg=66.0,
        num_lanes=(2, 2, 2, 1),
        parking_probability=0.3,
        pavement_m=(1.0, 2.2),
        no_pavement_probability=0.4,
        setback_m=(3.0, 12.0),
        max_slope=0.12,
        bank_slope=0.16,
        town_houses=False,
        gap_m=(3.0, 16.0),
        empty_lot_probability=0.25,
        floors=(1, 2),
        tree_spacing_m=(4.0, 14.0),
        conifer_share=0.3,
        barrier_probability=0.55,
        overhead_probability=0.04,
        closed_end_probability=0.15,
        small_objects_per_m=0.2,
        traffic=0.6,
    ),
    "park": Layout(
        mount=Mount(
            height_m=(1.0, 1.5),
            pitch_deg=(0.0, 14.0),
            roll_deg=3.0,
            yaw_deg=15.0,
            side_view_probability=0.3,
            side_view_deg=(18.0, 50.0),
            speed_mps=(2.0, 7.0),
        ),
        horizontal_fov_deg=56.0,
        num_lanes=(1,),
        parking_probability=0.05,
        pavement_m=(0.5, 1.5),
        no_pavement_probability=0.8,
        setback_m=(6.0, 20.0),
        max_slope=0.16,
        bank_slope=0.3,
        town_houses=False,
        gap_m=(15.0, 40.0),
        empty_lot_probability=0.85,
        floors=(1, 2),
        tree_spacing_m=(2.5, 7.0),
        conifer_share=0.35,
        barrier_probability=0.45,
        overhead_probability=0.03,
        closed_end_probability=0.1,
        small_objects_per_m=0.3,
        traffic=0.15,
    ),
}
