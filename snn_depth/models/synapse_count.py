"""How many synapses leave each population, counted exactly, borders included."""

from collections import Counter
from functools import lru_cache

from snn_depth.models.graph import NetworkGraph, Projection


@lru_cache(maxsize=256)  # asked for in every forward pass
def num_synapses(graph: NetworkGraph, height: int, width: int) -> dict[str, int]:
    """Pairs of a sending neuron and a neuron that it reaches, by the sender's population.

    Upsampling counts as what it folds into: a transposed convolution with stride 2 and a kernel
    larger by one. Divided by the neurons of a population, the result is the mean number of
    synaptic operations that a spike of it costs. Inputs count, the readout sends nothing; `height`
    and `width` of the input are multiples of `graph.max_stride`.
    """
    counts: Counter[str] = Counter()
    for population in graph.all_populations:
        for projection in population.projections:
            stride = graph.strides[projection.source]
            num_pairs = num_axis_pairs(projection, height // stride) * num_axis_pairs(
                projection, width // stride
            )
            num_channels = graph.num_channels[projection.source] * population.num_channels
            counts[projection.source] += num_channels * num_pairs
    return dict(counts)


def num_axis_pairs(projection: Projection, size: int) -> int:
    """Pairs of connected cells along one axis, between one channel and another.

    `size` counts the source's cells along the axis, a multiple of the stride.
    """
    # A convolution gathers: every target cell has a window on the source. One behind upsampling
    # scatters: every source cell has a window, two cells farther each time, on the target.
    padding, stride = projection.kernel_size // 2, projection.stride
    kernel_size, num_windows = projection.kernel_size, size // stride
    if projection.upsample == 2:
        kernel_size, stride, num_windows, size = kernel_size + 1, 2, size, 2 * size
    starts = (window * stride - padding for window in range(num_windows))
    return sum(min(start + kernel_size, size) - max(start, 0) for start in starts)
