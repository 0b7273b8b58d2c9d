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
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import docstring_parser
from jsonargparse import ArgumentParser


class _HelpFormatter(ArgumentDefaultsHelpFormatter, RawDescriptionHelpFormatter):
    """Keeps the docstring's lines and names the defaults that say something."""

    def _get_help_string(self, action: Action) -> str | None:
        return action.help if action.default in (None, []) else super()._get_help_string(action)


def call_from_command_line(
    function: Callable[..., Any], program: str, arguments: list[str] | None = None
) -> Any:
    """Call `function` with what the command line says.

    Args:
        function: As for `command_parser`.
        program: As for `command_parser`.
        arguments: Command line without the program; None takes the process's own.

    Returns:
        What `function` returns.

    Raises:
        ValueError: When the command line is wrong, in one line.
    """
    words = sys.argv[1:] if arguments is None else arguments
    try:
        parsed = command_parser(function, program).parse_args([_with_dashes(w) for w in words])
    except ArgumentError as error:
        raise ValueError(f"{error} (see {program} --help)") from None
    return function(**vars(parsed))


def _without_none(hint: Any) -> Any:
    """The type of an option that may be left out; errors then name that type only."""
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    return kinds[0] if NoneType in get_args(hint) else hint


def _with_dashes(word: str) -> str:
    """`--stride_frames=2` means `--stride-frames=2`: both spellings are common."""
    option, equals, value = word.partition("=")
    return option.replace("_", "-") + equals + value if word.startswith("--") else word


def command_parser(function: Callable[..., Any], program: str) -> ArgumentParser:
    """Make the parser whose result `function` can be called with.

    Keyword-only parameters are options, the others positional; a `Sequence` takes several words,
    a `bool` none (`--flag`, `--no-flag`).

    Args:
        function: Typed function with a Google docstring, from which the help texts come.
        program: How the program is called, e.g. `python -m snn_depth.predict`.

    Returns:
        The parser; it raises `argparse.ArgumentError` instead of leaving the program.
    """
    documentation = docstring_parser.parse(inspect.getdoc(function) or "")
    # A per cent sign stands for itself: argparse would take it for a format.
    helps = {p.arg_name: (p.description or "").replace("%", "%%") for p in documentation.params}
    parser = ArgumentParser(
        prog=program,
        description=documentation.description,
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
        exit_on_error=False,
    )
    types = {name: _without_none(hint) for name, hint in get_type_hints(function).items()}
    for name, parameter in inspect.signature(function).parameters.items():
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
    return parser
