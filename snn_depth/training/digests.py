"""Digests of all that determines a trained stage.

The digest of a stage covers its settings, the data it trains on and adapts to, and the digests of
the stages that it starts from or learns from. What only watches (validation data) and what only
says where and how fast (folder of the cache, loader processes) is left out. Code is not covered:
networks and rows of results name the commit.
"""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from snn_depth.data.identity import data_content, plain_content
from snn_depth.files.digest import file_sha256, json_sha256
from snn_depth.training.recipe import Recipe, needed_networks, stage_of
from snn_depth.training.renamed import first_names

Settings = dict[str, Any]
WATCHES = {"val_data", "evaluate", "test_data"}
ENGINE_WHERE_AND_HOW_FAST = {"accelerator", "num_loader_workers"}


class RecipeDigests:
    """Digests of a recipe's data sets and stages.

    Args:
        recipe: The recipe.
        text: Its complete YAML; of a recipe that was made in Python any text that tells it from
            others.
        by_place: Whether files count by where they lie, as in the first version.
    """

    def __init__(self, recipe: Recipe, text: str, *, by_place: bool = False) -> None:
        settings = yaml.safe_load(text)
        self.recipe, self.text, self.by_place = recipe, text, by_place
        self.settings: Settings | None = settings if isinstance(settings, dict) else None
        self.stage, self.data = cache(self._stage), cache(self._data)

    def _stage(self, name: str) -> str:
        """Digest of everything but the seed that determines a stage's trained network."""
        if self.settings is None:
            return digest({"recipe": self.text, "stage": name})
        settings: Settings = self.settings["stages"][name]
        content = {key: value for key, value in settings.items() if key not in WATCHES}
        for role in ("train_data", "target_data"):
            if content.get(role) is not None:
                content[role] = self.data(content[role])
        stage = self.recipe.stages[name]
        content["needed_networks"] = {
            needed: file_digest(needed) if owner is None else self.stage(owner)
            for needed in needed_networks(stage, stage.objective())
            for owner in [stage_of(needed, self.recipe.stages)]
        }
        engine = self.settings["engine"]
        content["engine"] = {k: engine[k] for k in engine.keys() - ENGINE_WHERE_AND_HOW_FAST}
        return digest(content)

    def _data(self, name: str) -> str:
        """Digest of what determines the samples of a data set."""
        if self.settings is None:
            return digest({"recipe": self.text, "data": name})
        settings = self.settings["data"][name]
        if self.by_place:
            return digest(plain_content(settings))
        try:
            return digest(data_content(settings, self.recipe.data_identity.get(name)))
        except ValueError as error:
            raise ValueError(f"data set {name!r}: {error}") from None


def digest(content: Any) -> str:
    """Short digest of JSON content with the names of the first version.

    The order of keys does not matter, nor do empty ones.
    """
    return json_sha256(_without_none(first_names(content)))[:12]


def file_digest(path: str) -> str:
    """Short digest of a file's bytes."""
    return file_sha256(Path(path))[:12]


def _without_none(content: Any) -> Any:
    if isinstance(content, dict):
        return {k: _without_none(v) for k, v in content.items() if v is not None}
    if isinstance(content, list):
        return [_without_none(v) for v in content]
    return content
