"""What a report does not know, said where everybody reads it."""

from benchmarks.report.document import Section, Text

LIMITS = (
    "No chip was measured. Energy and latency of the spiking network are modelled from exact "
    "counts; prices of single operations on Loihi 2 are not public.",
    "Intervals of energies are over the constants, log-uniform between the ends of their ranges; "
    "those of quality over scenes. What the equations leave out is not in them: see the residuals "
    "of the validation.",
    "Not modelled: the host, the sensor and its read-out, clocks and control, leakage outside of "
    "the static power, DRAM, congestion on the chip's network, links between chips.",
    "Memories in the memory-inclusive model are just as large as what is in them. Banks, double "
    "buffers and a compiler's padding would make all of them larger, on both sides.",
    "The converted network is compared as it is run: by a simulator that Lava's fixed-point "
    "processes equal bit for bit. That Lava equals the chip is Intel's statement.",
    "The comparison is of the open kind (MLPerf Tiny): networks of the same layers, trained apart. "
    "Quality stands beside every energy.",
)


def limits_section() -> Section:
    """All limits."""
    return Section("limits", "Limits", [Text(limit) for limit in LIMITS], {"limits": list(LIMITS)})
