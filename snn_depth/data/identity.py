"""What tells two data sets apart: settings and content of files, not where these lie."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_type_hints

from snn_depth.files.digest import json_sha256

Settings = dict[str, Any]
# Arguments that say where and how fast, and change no sample.
WHERE_AND_HOW_FAST = {"cache_dir", "num_workers", "keep_in_memory"}
# Of every file so many bytes of its beginning, middle and end are read.
_BLOCK_BYTES = 4096
_OWN_PACKAGES = {"snn_depth", "conversion"}


def data_content(settings: Settings, name: str | None = None) -> Settings:
    """What determines the samples of a data set, as JSON content.

    An argument that may be a `Path` counts by the files that it leads to, and so does a text that
    names a file or folder, if the class is none of the project's. A class whose samples depend on
    its code has a `version`, which counts like a setting.

    Args:
        settings: As in a recipe: class path and complete arguments.
        name: Counts in place of the files, for data that is not at hand or very large; of an
            argument that is a file, such as a list of pictures, the file's name counts too.

    Raises:
        ValueError: When files do not exist and there is no name.
    """
    content = plain_content(settings)
    arguments = content.get("init_args", {})
    kinds_of = place_arguments(settings["class_path"])
    if settings["class_path"].partition(".")[0] not in _OWN_PACKAGES:
        found = {a for a, v in arguments.items() if isinstance(v, str) and Path(v).exists()}
        kinds_of = {argument: set[Any]() for argument in found} | kinds_of
    for argument, kinds in kinds_of.items():
        value = arguments.get(argument)
        places = value if isinstance(value, list) else [value]
        # Some are a word, or numbers, as well.
        if not all(isinstance(place, str) and place not in kinds for place in places):
            continue
        if name is None:
            arguments[argument] = [content_of(Path(place)) for place in places]
        else:
            files = [Path(place).name for place in places if Path(place).suffix]
            arguments[argument] = [name, *files] if files else name
    return content


def plain_content(settings: Settings) -> Settings:
    """What the settings of a data set say, places included, about its samples."""
    content = _without(settings, WHERE_AND_HOW_FAST)
    content["version"] = getattr(_named(settings["class_path"]), "version", None)
    return content


def place_arguments(class_path: str) -> dict[str, set[Any]]:
    """Arguments of a class, and of those it derives from, or of a function that may be a `Path`.

    Returns:
        By name: the types, and the words of a `Literal`, that they may be.
    """
    made_by = _named(class_path)
    makers = (
        [vars(base).get("__init__", object) for base in reversed(made_by.__mro__)]
        if (isinstance(made_by, type))
        else [made_by]
    )
    arguments: dict[str, set[Any]] = {}
    for maker in makers:
        with suppress(NameError):  # types that are imported for a type checker only
            arguments |= {a: _flat(kind) for a, kind in get_type_hints(maker).items()}
    arguments.pop("return", None)
    return {argument: kinds for argument, kinds in arguments.items() if Path in kinds}


def content_of(place: Path) -> str:
    """Digest of a file, or of all files in a folder: names in it, sizes, and some of the bytes.

    Hidden files do not count. A change that keeps a file's size, and its beginning, middle and end,
    is not seen.

    Raises:
        ValueError: When there is neither.
    """
    if place.is_file():
        return json_sha256(_file_content(place))
    if not place.is_dir():
        raise ValueError(
            f"{place} does not exist; its files tell which data a network was trained on (accepted "
            "too: a name for them in the recipe's data_identity)"
        )
    return json_sha256({str(p.relative_to(place)): _file_content(p) for p in _files_in(place)})


def _files_in(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _files_in(path)
        else:
            yield path


def _file_content(path: Path) -> list[Any]:
    size = path.stat().st_size
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for start in (0, max(0, size - _BLOCK_BYTES) // 2, max(0, size - _BLOCK_BYTES)):
            file.seek(start)
            digest.update(file.read(_BLOCK_BYTES))
    return [size, digest.hexdigest()]


def _named(class_path: str) -> Any:
    """A class, also one inside of another, or a function by its path."""
    module, _, name = class_path.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError:
        return getattr(_named(module), name)


def _flat(kind: Any) -> set[Any]:
    return {kind}.union(*(_flat(part) for part in get_args(kind)))


def _without(content: Any, keys: Iterable[str]) -> Any:
    if not isinstance(content, dict):
        return content
    return {k: _without(v, keys) for k, v in content.items() if k not in keys}
