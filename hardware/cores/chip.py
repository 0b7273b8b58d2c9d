"""Chips as data: what a core holds, how many there are, and where each number is from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from hardware.toml_file import find_toml, names_in, read_toml

FOLDER = Path(__file__).parents[1] / "chips"
PartitionRule = Literal["columns", "compact"]

_NUMBERS = {
    "num_cores": True,
    "cores_per_tile": True,
    "mesh_columns": True,
    "neurons_per_core": True,
    "memory_bits_per_core": True,
    "state_bits_per_neuron": True,
    "delay_bits_per_neuron_and_step": True,
    "max_delay_steps": True,
    "input_axons_per_core": False,  # not every chip has a fixed number
    "output_axons_per_core": False,
}


@dataclass(frozen=True)
class Chip:
    """A chip of many cores on a mesh of tiles.

    Attributes:
        graded_spikes: Whether a spike can carry a number.
        partition: How layers are cut into cores, see `hardware.cores.partition`.
        cores_per_tile: Cores that share a router.
        mesh_columns: Tiles side by side; the rows follow.
        memory_bits_per_core: Of synapses, and of the state where it is in the same memory.
        state_bits_per_neuron: In that memory, as are the delay bits, for every step of a delay.
        max_delay_steps: Longest synaptic delay.
        input_axons_per_core: At most; None for no fixed number.
        energy_sets: Names of the sets of constants that price its events; `latency_low_set` and
            `latency_high_set` name the event times at the ends of the latency bracket.
        static_power_set: Name of the set that has its static power; None for unknown.
        sources: Where each number is from, by attribute.
    """

    name: str
    title: str
    graded_spikes: bool
    partition: PartitionRule
    num_cores: int
    cores_per_tile: int
    mesh_columns: int
    neurons_per_core: int
    memory_bits_per_core: int
    state_bits_per_neuron: int
    delay_bits_per_neuron_and_step: int
    max_delay_steps: int
    input_axons_per_core: int | None
    output_axons_per_core: int | None
    energy_sets: tuple[str, ...]
    latency_low_set: str
    latency_high_set: str
    static_power_set: str | None
    sources: Mapping[str, str]

    @property
    def mesh_rows(self) -> int:
        """Tiles above each other."""
        return -(-self.num_cores // (self.cores_per_tile * self.mesh_columns))


def chip_names() -> list[str]:
    """Chips that `load_chip` knows."""
    return names_in(FOLDER)


def chip_path(name: str | Path) -> Path:
    """The file that describes a chip."""
    return find_toml(name, FOLDER, f"chip {str(name)!r} is")


def load_chip(name: str | Path) -> Chip:
    """Read the description of a chip.

    Args:
        name: One of `chip_names`, or a file of your own (*.toml).
    """
    path = chip_path(name)
    description = read_toml(path)
    try:
        numbers: dict[str, Any] = {}
        sources: dict[str, str] = {}
        for key, is_needed in _NUMBERS.items():
            if key not in description and not is_needed:
                numbers[key] = None
                continue
            numbers[key] = int(description[key]["value"])
            sources[key] = str(description[key]["source"])
        rule = description["partition"]
        if rule not in get_args(PartitionRule):
            raise ValueError(
                f"{path}: partition is {rule!r}; accepted: {', '.join(get_args(PartitionRule))}"
            )
        return Chip(
            path.stem,
            description["title"],
            bool(description["graded_spikes"]),
            rule,
            energy_sets=tuple(description["energy_sets"]),
            latency_low_set=description["latency_low_set"],
            latency_high_set=description["latency_high_set"],
            static_power_set=description.get("static_power_set"),
            sources=sources,
            **numbers,
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} does not give {error}, or not with value and source") from error
