"""`python -m conversion.lava_runtime`: see `conversion.lava_runtime.command`."""

import os

# Before numpy is loaded: each of the network's processes would start threads of its own.
os.environ["OMP_NUM_THREADS"] = "1"

from conversion.lava_runtime.command import main

main()
