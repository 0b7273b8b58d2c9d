"""Digital machines that `energy_memory` prices networks on: widths, reuse, memories."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Leak = Literal["multiply", "shift", "none"]


@dataclass(frozen=True)
class Machine:
    """What both kinds of machine have.

    Attributes:
        input_bits: Width of the input: of its counts per step, or of their sum. Camera spikes in
            N frames need `bits_to_count(N)`.
        memory_bytes: Size of the memories, which is that of a core where a network is mapped to
            cores; None lets every array of a layer have a memory of just its size.
    """

    weight_bits: int = 8
    bias_bits: int = 16
    input_bits: int = 8
    memory_bytes: float | None = None

    def __post_init__(self) -> None:
        for name, number in vars(self).items():
            if (name.endswith("_bits") or name == "memory_bytes") and number is not None:
                if not number > 0:
                    raise ValueError(f"{name} is {number}; accepted: more than 0")

    def bytes_of(self, num_words: int, num_bits: int) -> float:
        """Size of the memory that so many words are in."""
        if self.memory_bytes is not None:
            return self.memory_bytes
        return max(num_words, 1) * num_bits / 8


@dataclass(frozen=True)
class CoreMemory:
    """Memories of one of the cores that a layer is spread over."""

    weights_bytes: float
    potentials_bytes: float


@dataclass(frozen=True)
class SnnMachine(Machine):
    """A digital machine that works event by event.

    Attributes:
        potential_bits: Width of the membrane's arithmetic; 24 as on Loihi.
        leak: What the leak costs per update: a multiplication, a shift and a subtraction, or
            nothing.
        decay_bits: Width of the factor of that multiplication; 12 as on Loihi.
        potential_accesses_per_synop: rho. At 1, every synaptic operation reads a membrane (or its
            accumulator) from memory and writes it back; at 0, sums are formed in registers and
            applied once per step. Nominal is 1: events arrive in any order, and the partial sums
            of a core's thousands of neurons do not fit into registers, so they are in a memory.
            It is the end that is unfavourable to the spiking network.
        cores: Memories by layer, where the network is mapped to cores: small and local, which is
            what makes events cheap. A layer that is not in it has memories as `memory_bytes` says.
    """

    potential_bits: int = 24
    potential_word_bits: int = 32
    leak: Leak = "multiply"
    decay_bits: int = 12
    potential_accesses_per_synop: float = 1.0
    cores: Mapping[str, CoreMemory] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.leak not in get_args(Leak):
            raise ValueError(f"leak is {self.leak!r}; accepted: {', '.join(get_args(Leak))}")
        if not 0 <= self.potential_accesses_per_synop <= 1:
            raise ValueError(
                f"potential_accesses_per_synop is {self.potential_accesses_per_synop}; "
                "accepted: 0 to 1"
            )

    def memory_of(self, layer: str, num_weights: int, num_neurons: int) -> CoreMemory:
        """Memories that a layer's weights and membranes are in."""
        whole = CoreMemory(
            self.bytes_of(num_weights, self.weight_bits),
            self.bytes_of(num_neurons, self.potential_word_bits),
        )
        return self.cores.get(layer, whole)


@dataclass(frozen=True)
class AnnMachine(Machine):
    """A digital machine that computes a conventional network, integers throughout.

    Partial sums stay in registers, and so cost nothing to keep.

    Attributes:
        activation_bits: Width of an activation; `bits_to_count(T)` for the counterpart that can
            say as much as a spiking network of T steps.
        reuse: R, multiplications for which a weight, or an activation, is used once it is read, as
            far as there are so many: 1 for none; a systolic array of 100 x 100 has 100.
        skips_zeros: Whether activations of zero cost nothing. Finding them is free here.
    """

    activation_bits: int = 8
    accumulator_bits: int = 32
    reuse: float = 10.0
    skips_zeros: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.reuse >= 1:
            raise ValueError(f"reuse is {self.reuse}; accepted: 1 or more")
