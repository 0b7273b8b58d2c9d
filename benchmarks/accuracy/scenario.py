"""A recipe as one scenario of a benchmark, and digests of all that determines its results.

The digest of a stage covers its settings, those of the data it trains on and adapts to, and the
digests of the stages that it starts from or learns from. What only watches (validation data) and
what only says where and how fast (folder of the cache, loader processes) is left out. A data set's
own folder counts: nothing else tells two folders of recordings apart. Recipes whose stages have the
same name and digest share the trained network. Code is not covered: rows name the commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from snn_depth.data.spec import DataSpec
from snn_depth.evaluation.network_predictor import NetworkPredictor
from snn_depth.files.digest import file_sha256, json_sha256
from snn_depth.models.depth_decoding import DepthRange
from snn_depth.train import parse_recipe
from snn_depth.training.recipe import Recipe, Stage, needed_networks
from snn_depth.training.renamed import first_names
from snn_depth.training.stage_scoring import MEDIAN_METHODS, stage_predictors

Settings = dict[str, Any]
WATCHES = {"val_data", "evaluate", "test_data"}
WHERE_AND_HOW_FAST = {"cache_dir", "num_workers", "keep_in_memory"}
ENGINE_WHERE_AND_HOW_FAST = {"accelerator", "num_loader_workers"}
# Recipe fields that are covered stage by stage and test by test, or change no result.
COVERED_ELSEWHERE = {"data", "stages", "test_data", "output_dir", "seeds", "engine", "results"} | {
    "shown_data",
    "compare_with",
    "variants",
    "variants_of",
    "as_is",
}


@dataclass
class Scenario:
    """One recipe in the matrix.

    Attributes:
        name: Name of the recipe's file.
        recipe: The recipe; its seeds and its places to write are not used.
        text: Its complete YAML.
    """

    name: str
    recipe: Recipe
    text: str
    _stage_digests: dict[str, str] = field(default_factory=dict, init=False)

    @cached_property
    def settings(self) -> Settings:
        """The complete YAML's content."""
        settings: Settings = yaml.safe_load(self.text)
        return settings

    @cached_property
    def depth_range(self) -> DepthRange:
        """Depths that count in every row: the first stage's."""
        return self.recipe.first_stage.network().depth_range

    def stage(self, name: str) -> Stage:
        """A stage by its name."""
        return self.recipe.stages[name]

    def stage_settings(self, name: str) -> Settings:
        """Complete settings of a stage, as in the recipe."""
        settings: Settings = self.settings["stages"][name]
        return settings

    def has_stage(self, name: str) -> bool:
        """Whether the recipe has such a stage; other networks that stages need are files."""
        return name in self.recipe.stages

    def needed_networks(self, stage: Stage) -> list[str]:
        """Stages and files that a stage starts from or learns from."""
        return needed_networks(stage, stage.objective())

    def stage_digest(self, name: str) -> str:
        """Digest of everything but the seed that determines a stage's trained network.

        Args:
            name: Name of the stage.
        """
        if name not in self._stage_digests:
            self._stage_digests[name] = digest(self._stage_content(name))
        return self._stage_digests[name]

    def _stage_content(self, name: str) -> Settings:
        settings = self.stage_settings(name)
        content = {key: value for key, value in settings.items() if key not in WATCHES}
        for role in ("train_data", "target_data"):
            if content.get(role) is not None:
                content[role] = self.data_digest(content[role])
        content["needed_networks"] = {
            needed: self.stage_digest(needed) if self.has_stage(needed) else file_digest(needed)
            for needed in self.needed_networks(self.stage(name))
        }
        engine = self.settings["engine"]
        content["engine"] = {k: engine[k] for k in engine.keys() - ENGINE_WHERE_AND_HOW_FAST}
        return content

    def data_digest(self, name: str) -> str:
        """Digest of what determines the samples of a data set.

        Args:
            name: Name of the data set.
        """
        return digest(data_content(self.settings["data"][name]))

    def methods_of(self, stage: Stage) -> list[str]:
        """Names under which a stage's network is scored; found without training it."""
        network = NetworkPredictor(stage.network(), DataSpec())
        return [name for name, _ in stage_predictors(self.recipe, stage, network)]

    @cached_property
    def row_digests(self) -> dict[tuple[str, str], str]:
        """Digest of what determines a row, by the names of the test set and of the predictor."""
        source_digest = self.data_digest(self.recipe.first_stage.train_data)
        networks = dict.fromkeys(MEDIAN_METHODS, source_digest)
        tests = dict.fromkeys(MEDIAN_METHODS, self.recipe.test_data)
        for stage in self.recipe.stages.values():
            for name in self.methods_of(stage):
                networks[name] = self.stage_digest(stage.name)
                tests[name] = self.recipe.tests_of(stage)
        scoring: Settings = {
            key: value for key, value in self.settings.items() if key not in COVERED_ELSEWHERE
        }
        scoring["depth_range_m"] = [self.depth_range.min_depth_m, self.depth_range.max_depth_m]
        return {
            (test, name): digest([self.data_digest(test), network, scoring])
            for test in self.recipe.test_names()
            for name, network in networks.items()
            if test in tests[name]
        }


def read_scenarios(files: Sequence[Path]) -> list[Scenario]:
    """Read recipes.

    Args:
        files: Recipes in YAML; a scenario is called as its file.

    Returns:
        The scenarios in order.

    Raises:
        ValueError: When a recipe is wrong, two files have one name, or a recipe asks for several
            processes.
    """
    scenarios: dict[str, Scenario] = {}
    for file in files:
        if file.stem in scenarios:
            raise ValueError(f"two recipes are called {file.stem!r}; accepted: one of each name")
        recipe, text, _ = parse_recipe(["--config", str(file)])
        num_processes = recipe.engine.devices * recipe.engine.num_nodes
        if num_processes != 1:
            raise ValueError(
                f"{file} asks for {num_processes} processes (engine.devices x engine.num_nodes); "
                "accepted: 1 (start the command several times, --seed-list shares the work)"
            )
        scenarios[file.stem] = Scenario(file.stem, recipe, text)
    return list(scenarios.values())


def data_content(settings: Any) -> Any:
    """What a data set's settings say about its content.

    A class whose samples depend on its code has a `version`, which counts like a setting.

    Args:
        settings: As in the recipe: class path and arguments.

    Returns:
        The same without places and numbers of processes.
    """
    if not isinstance(settings, dict):
        return settings
    content = {k: data_content(v) for k, v in settings.items() if k not in WHERE_AND_HOW_FAST}
    if "class_path" in settings:
        module, _, name = settings["class_path"].rpartition(".")
        content["version"] = getattr(getattr(import_module(module), name), "version", None)
    return content


def digest(content: Any) -> str:
    """Short digest of JSON content with the names of the first version.

    The order of keys does not matter, nor do empty ones.
    """
    return json_sha256(_without_none(first_names(content)))[:12]


def file_digest(path: str) -> str:
    """Short digest of a file's bytes."""
    return file_sha256(path)[:12]


def _without_none(content: Any) -> Any:
    if isinstance(content, dict):
        return {k: _without_none(v) for k, v in content.items() if v is not None}
    if isinstance(content, list):
        return [_without_none(v) for v in content]
    return content
