"""The memory allocator of the C library, set for training."""

import ctypes

# Parameters of glibc's mallopt(3), from its malloc.h.
M_TRIM_THRESHOLD = -1
M_MMAP_MAX = -4


def disable_memory_trimming() -> bool:
    """Keep freed memory in this process instead of handing it back to the system, for good.

    Every training step asks for the same large tensors. By its defaults glibc fetches each from the
    system anew and pays a page fault per 4 KiB, in a step of the tiny student on a CPU a sixth
    of the time. The process keeps its largest extent to its end.

    Returns:
        Whether the C library can; others than glibc are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # TypeError: Windows has no library without a name
        return False
    # No block of its own for a large tensor, and the top of the heap is never given back.
    return bool(mallopt(M_MMAP_MAX, 0)) and bool(mallopt(M_TRIM_THRESHOLD, -1))
