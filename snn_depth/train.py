"""Train a recipe: `python -m snn_depth.train [--config FILE] [--resume]`."""

import logging
import sys
from argparse import ArgumentError
from copy import deepcopy
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser, Namespace
from rich.logging import RichHandler

from snn_depth.command.exit import exit_after
from snn_depth.training.recipe import Recipe
from snn_depth.training.recipe_file import read_configs, stages_by_name

DEFAULT_CONFIG = Path(__file__).resolve().parents[1] / "configs" / "default.yaml"


def make_parser() -> ArgumentParser:
    """Command line of the training program.

    Returns:
        Parser whose options are the recipe's fields.
    """
    parser = ArgumentParser(
        prog="python -m snn_depth.train",
        description="Train the stages of a recipe, then print its table of test results.",
        default_config_files=[],
        allow_abbrev=False,
        exit_on_error=False,
    )
    parser.add_argument(
        "--config",
        action="config",
        help="recipe in YAML (default: configs/default.yaml); given twice, later values win; its "
        "`base` names recipes that it builds on",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="continue an interrupted run in its output folder",
    )
    parser.add_class_arguments(Recipe)
    return parser


def parse_recipe(arguments: list[str]) -> tuple[Recipe, str, bool]:
    """Read a recipe.

    Args:
        arguments: Command line, `--config FILE` for instance.

    Returns:
        The recipe, its complete YAML with all defaults, and whether a run is to be resumed.

    Raises:
        ValueError: When the command line or the file is wrong.
    """
    parser = make_parser()
    read = read_configs(arguments)
    try:
        config: Namespace = parser.parse_args(read.arguments)
        resume = config.pop("resume")
        recipe, settings = _instantiate(parser, config)
    except ArgumentError as error:
        where = [*read.files, *_wrong_entries(parser, read.settings), f"{error}"]
        raise ValueError(f"{': '.join(where)} (see python -m snn_depth.train --help)") from None
    except ValueError as error:
        raise ValueError(": ".join([*read.files, f"{error}"])) from None
    return recipe, settings, resume


def _wrong_entries(parser: ArgumentParser, settings: dict[str, Any]) -> list[str]:
    """The first stage or data set that cannot be read; the parser does not name it."""
    empty: dict[str, Any] = {"data": {}, "stages": {}}
    for part in empty:
        for name, entry in settings.get(part, {}).items():
            try:
                parser.parse_object(empty | {part: {name: deepcopy(entry)}})
            except (ArgumentError, ValueError):
                return [f"{part}.{name}"]
    return []


def make_recipe(settings: dict[str, Any]) -> tuple[Recipe, str]:
    """A recipe from what its YAML says.

    Args:
        settings: As `read_recipe` returns them, or of an earlier version.

    Returns:
        The recipe, and its complete YAML with all defaults.
    """
    parser = make_parser()
    # The parser writes into what it is given.
    config: Namespace = parser.parse_object(deepcopy(stages_by_name(settings, "recipe")))
    config.pop("resume")
    return _instantiate(parser, config)


def _instantiate(parser: ArgumentParser, config: Namespace) -> tuple[Recipe, str]:
    config.pop("config", None)
    settings = parser.dump(config, skip_validation=True)
    return Recipe(**vars(parser.instantiate(config))), settings


def main(arguments: list[str] | None = None) -> None:
    """Run the program.

    Args:
        arguments: Command line; default is the process's own.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if not any(a.split("=")[0] in {"--config", "-h", "--help"} for a in arguments):
        arguments = ["--config", str(DEFAULT_CONFIG), *arguments]
    recipe, settings, resume = parse_recipe(arguments)
    logging.basicConfig(
        level=logging.INFO, format="%(message)s", handlers=[RichHandler(show_path=False)]
    )
    # The training engine takes seconds to import. Processes that render the world import this
    # file again, and help and mistakes in a recipe need no engine either.
    from snn_depth.training.run import run_recipe

    run_recipe(recipe, settings, resume=resume)


if __name__ == "__main__":
    exit_after(main)
