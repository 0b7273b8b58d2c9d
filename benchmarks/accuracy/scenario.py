"""A recipe as one scenario of a benchmark, and digests of all that determines its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from snn_depth.data.spec import DataSpec
from snn_depth.evaluation.network_predictor import NetworkPredictor
from snn_depth.models.depth_decoding import DepthRange
from snn_depth.train import parse_recipe
from snn_depth.training.digests import RecipeDigests, digest
from snn_depth.training.recipe import Recipe, Stage
from snn_depth.training.stage_scoring import MEDIAN_METHODS, stage_predictors

Settings = dict[str, Any]
# Recipe fields that are covered stage by stage and test by test, or change no result.
COVERED_ELSEWHERE = {
    *("data", "data_identity", "stages", "test_data", "variants", "variants_of", "engine", "seeds"),
    *("output_dir", "store", "results", "shown_data", "compare_with", "as_is"),
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

    @cached_property
    def settings(self) -> Settings:
        """The complete YAML's content."""
        settings: Settings = yaml.safe_load(self.text)
        return settings

    @cached_property
    def digests(self) -> RecipeDigests:
        """Digests of data sets and stages."""
        return RecipeDigests(self.recipe, self.text)

    @cached_property
    def depth_range(self) -> DepthRange:
        """Depths that count in every row: the first stage's."""
        return self.recipe.first_stage.network().depth_range

    def methods_of(self, stage: Stage) -> list[str]:
        """Names under which a stage's network is scored; found without training it."""
        network = NetworkPredictor(stage.network(), DataSpec())
        return [name for name, _ in stage_predictors(self.recipe, stage, network)]

    @cached_property
    def row_digests(self) -> dict[tuple[str, str], str]:
        """Digest of what determines a row, by the names of the test set and of the predictor."""
        return self.row_digests_by(self.digests)

    def row_digests_by(self, digests: RecipeDigests) -> dict[tuple[str, str], str]:
        """As `row_digests`, with other digests of data and stages."""
        source_digest = digests.data(self.recipe.first_stage.train_data)
        networks = dict.fromkeys(MEDIAN_METHODS, source_digest)
        tests = dict.fromkeys(MEDIAN_METHODS, self.recipe.test_data)
        for stage in self.recipe.stages.values():
            for name in self.methods_of(stage):
                networks[name] = digests.stage(stage.name)
                tests[name] = self.recipe.tests_of(stage)
        scoring: Settings = {
            key: value for key, value in self.settings.items() if key not in COVERED_ELSEWHERE
        }
        scoring["depth_range_m"] = [self.depth_range.min_depth_m, self.depth_range.max_depth_m]
        return {
            (test, name): digest([digests.data(test), network, scoring])
            for test in self.recipe.test_names()
            for name, network in networks.items()
            if test in tests[name]
        }


def read_scenarios(files: Sequence[Path]) -> list[Scenario]:
    """Read recipes; a scenario is called as its file.

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


def row_digests(scenarios: Sequence[Scenario]) -> dict[tuple[str, str, str], str]:
    """Digests of all rows that the recipes stand for, by scenario, test set and predictor."""
    return {
        (scenario.name, *name): value
        for scenario in scenarios
        for name, value in scenario.row_digests.items()
    }
