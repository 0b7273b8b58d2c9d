"""A command line from one typed function: what it accepts and says is the function's own."""

import inspect
import sys
from argparse import (
    Action,
    ArgumentDefaultsHelpFormatter,
    ArgumentError,
    BooleanOptionalAction,
    RawDescriptionHelpFormatter,
)
from collections.abc import Callable, Sequence
from dataclasses import is_dataclass
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import docstring_parser
from jsonargparse import ArgumentParser


class _HelpFormatter(ArgumentDefaultsHelpFormatter, RawDescriptionHelpFormatter):
    """Keeps the docstring's lines and names the defaults that say something."""

    def _get_help_string(self, action: Action) -> str | None:
        return action.help if action.default in (None, []) else super()._get_help_string(action)


def call_command(function: Callable[..., Any], arguments: list[str] | None = None) -> Any:
    """Call `function` as the command line says and return what it returns.

    Args:
        function: As for `command_parser`.
        arguments: Command line without the program; None takes the process's own.

    Raises:
        ValueError: When the command line is wrong, in one line.
    """
    words = sys.argv[1:] if arguments is None else arguments
    parser = command_parser(function)
    try:
        parsed = parser.parse_args([_with_dashes(word) for word in words])
    except ArgumentError as error:
        raise ValueError(f"{error} (see {parser.prog} --help)") from None
    return _call(function, vars(parsed))


def _call(function: Callable[..., Any], values: dict[str, Any]) -> Any:
    hints = get_type_hints(function)
    return function(
        **{
            name: _call(hints[name], values) if _is_group(hints[name]) else values[name]
            for name in inspect.signature(function).parameters
        }
    )


def _is_group(hint: Any) -> bool:
    """Whether a parameter stands for the fields of a dataclass."""
    return is_dataclass(hint)


def _program_name(function: Callable[..., Any]) -> str:
    """How the module of a function is run: `python -m snn_depth.predict`."""
    module = function.__module__
    if module == "__main__":  # it is running: only its specification has the name
        spec = sys.modules[module].__spec__
        if spec is None:
            return f"python {sys.argv[0]}"
        module = spec.name
    return f"python -m {module.removesuffix('.__main__')}"


def _documentation(function: Callable[..., Any]) -> docstring_parser.Docstring:
    return docstring_parser.parse(inspect.getdoc(function) or "")


def _without_none(hint: Any) -> Any:
    """The type of an option that may be left out; errors then name that type only."""
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    return kinds[0] if NoneType in get_args(hint) else hint


def _with_dashes(word: str) -> str:
    """`--stride_frames=2` means `--stride-frames=2`: both spellings are common."""
    option, equals, value = word.partition("=")
    return option.replace("_", "-") + equals + value if word.startswith("--") else word


def command_parser(function: Callable[..., Any]) -> ArgumentParser:
    """The parser whose result `function` can be called with.

    Keyword-only parameters are options, the others positional; a `Sequence` takes several words,
    a `bool` none (`--flag`, `--no-flag`), a dataclass stands for its fields, each an option. The
    help texts are those of the Google docstrings. The parser raises `argparse.ArgumentError`
    instead of leaving the program.
    """
    parser = ArgumentParser(
        prog=_program_name(function),
        description=_documentation(function).description,
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
        exit_on_error=False,
    )
    _add_arguments(parser, function)
    return parser


def _add_arguments(parser: ArgumentParser, function: Callable[..., Any]) -> None:
    # A per cent sign stands for itself: argparse would take it for a format.
    helps = {
        parameter.arg_name: (parameter.description or "").replace("%", "%%")
        for parameter in _documentation(function).params
    }
    types = {name: _without_none(hint) for name, hint in get_type_hints(function).items()}
    for name, parameter in inspect.signature(function).parameters.items():
        if _is_group(types[name]):
            _add_arguments(parser, types[name])
            continue
        settings: dict[str, Any] = {"help": helps[name], "type": types[name]}
        names = [name]
        if parameter.kind is parameter.KEYWORD_ONLY:
            names = ["--" + name.replace("_", "-")]
            if parameter.default is parameter.empty:
                settings["required"] = True
            else:
                settings["default"] = parameter.default
        if types[name] is bool:
            del settings["type"]
            settings["action"] = BooleanOptionalAction
        elif get_origin(types[name]) is Sequence:
            settings |= {"type": get_args(types[name])[0], "nargs": "+"}
            if "default" in settings:
                settings["default"] = list(settings["default"])  # jsonargparse writes into it
        parser.add_argument(*names, **settings)
