"""The project's own Lava processes, for what Lava 0.10 has none.

Nothing else may stand in this folder: when Lava compiles a network it executes every file beside a
process, looking for models.
"""
