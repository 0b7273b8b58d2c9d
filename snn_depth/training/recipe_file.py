"""Recipes in YAML: what they build on, stages by name, names of earlier versions."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import get_loader

from snn_depth.training.renamed import current_names

logger = logging.getLogger(__name__)
Settings = dict[str, Any]


def read_recipe(path: Path) -> Settings:
    """What a recipe says together with the recipes that it builds on.

    `base` names one or several other files, relative to this one; later ones win over earlier
    ones, and the recipe itself over all.

    Raises:
        ValueError: Naming the file that is missing, wrong or builds on itself.
    """
    return reduce(merge, read_layers(path), {})


def read_layers(path: Path, built_on_this: tuple[Path, ...] = ()) -> list[Settings]:
    """What a recipe builds on and then what it says itself, to be merged in this order.

    Args:
        path: The file.
        built_on_this: Recipes that are being read, each of which builds on the next.

    Raises:
        ValueError: As `read_recipe`.
    """
    chain = (*built_on_this, path.resolve())
    if path.resolve() in built_on_this:
        raise ValueError(f"recipe {path} builds on itself: {' -> '.join(p.name for p in chain)}")
    settings = _read_yaml(path)
    bases = settings.pop("base", [])
    bases = [bases] if isinstance(bases, str) else bases
    if not isinstance(bases, list) or not all(isinstance(base, str) for base in bases):
        raise ValueError(f"{path}: base is {bases!r}; accepted: a file, or a list of files")
    layers = [layer for base in bases for layer in read_layers(path.parent / base, chain)]
    return [*layers, stages_by_name(settings, str(path))]


def merge(below: Settings, above: Settings, *, null_removes: bool = True) -> Settings:
    """Settings over others: mappings entry by entry, everything else as a whole.

    null removes an entry, so that its default holds; within `init_args` it is a value (no crop,
    say). Where another class is named, nothing of the first one's arguments is left.

    Args:
        below: They stay as they are.
        above: Likewise.
        null_removes: Whether it does.
    """
    if below.get("class_path") != above.get("class_path", below.get("class_path")):
        below = {}
    merged = dict(below)
    for key, value in above.items():
        if value is None and null_removes:
            merged.pop(key, None)
        elif isinstance(value, dict):
            under = merged[key] if isinstance(merged.get(key), dict) else {}
            merged[key] = merge(under, value, null_removes=null_removes and key != "init_args")
        else:
            merged[key] = value
    return merged


def stages_by_name(settings: Settings, where: str) -> Settings:
    """Settings with today's names and stages as a mapping; earlier versions had a list.

    Args:
        settings: What a file says.
        where: The file, for messages.

    Raises:
        ValueError: When stages of a list have no name, or two have the same.
    """
    settings = current_names(settings)
    stages = settings.get("stages")
    if isinstance(stages, list):
        logger.warning(
            "%s: a list of stages is read as before; write a mapping by name now "
            "(stages: {full: {network: ...}})",
            where,
        )
        names = [stage.get("name") if isinstance(stage, dict) else None for stage in stages]
        for name in names:
            if not isinstance(name, str):
                raise ValueError(f"{where}: a stage of the list has no name")
            if names.count(name) > 1:
                raise ValueError(f"{where}: two stages have the name {name!r}")
        stages = dict(zip(names, stages, strict=True))
    if not isinstance(stages, dict):
        return settings
    named: Settings = {}
    for name, stage in stages.items():
        if not isinstance(stage, dict | None):
            raise ValueError(f"{where}: stages.{name} is {stage!r}; accepted: settings of a stage")
        named[name] = stage if stage is None else {"name": name} | stage
    return settings | {"stages": named}


@dataclass(frozen=True)
class CommandLine:
    """A command line whose recipes are read.

    Attributes:
        arguments: The command line; `--config` is followed by the content of the file, what that
            builds on included.
        files: The files that `--config` named.
        settings: What all of them say together.
    """

    arguments: list[str]
    files: list[str]
    settings: Settings


def read_configs(arguments: Iterable[str]) -> CommandLine:
    """Read the recipes of a command line; given twice, the second is merged onto the first.

    Raises:
        ValueError: As `read_recipe`.
    """
    expanded: list[str] = []
    files: list[str] = []
    merged: Settings = {}
    words = iter(arguments)
    for word in words:
        option, equals, value = word.partition("=")
        file = (value if equals else next(words, None)) if option == "--config" else None
        if file is None:
            expanded.append(_current_class(word))
            continue
        layers = read_layers(Path(file))
        merged = reduce(merge, layers, merged)
        # Only what this file says: options before it hold unless it says otherwise.
        said = {key: merged[key] for layer in layers for key in layer if key in merged}
        expanded += ["--config", yaml.safe_dump(said, sort_keys=False)]
        files.append(file)
    return CommandLine(expanded, files, merged)


def _current_class(word: str) -> str:
    option, equals, value = word.partition("=")
    return f"{option}={current_names(value)}" if equals else str(current_names(word))


def _read_yaml(path: Path) -> Settings:
    try:
        text = path.read_text()
        _refuse_repeated_keys(yaml.compose(text, yaml.SafeLoader))
        settings = get_loader("yaml")(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"recipe {path} cannot be read: {error}") from None
    if not isinstance(settings, dict):
        raise ValueError(f"recipe {path} holds {settings!r}; accepted: settings by name")
    return settings


def _refuse_repeated_keys(node: yaml.Node | None) -> None:
    """YAML itself would take the last of several silently."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_repeated_keys(item)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        if key.value in seen:
            raise yaml.MarkedYAMLError(problem=f"{key.value!r} twice", problem_mark=key.start_mark)
        seen.add(key.value)
        _refuse_repeated_keys(value)
