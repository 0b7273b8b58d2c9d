"""Run a layer graph as processes of Intel's Lava: `python -m conversion.lava_runtime`.

Lava 0.10 is archived and needs Python 3.10 and numpy < 2, so this package runs in an environment of
its own (`requirements.txt`), and imports nothing but Lava, numpy, h5py and the modules of
`conversion` that need no more than those. Linux only.

Shapes in Lava are (W, H, C): the transpose of ours.
"""
