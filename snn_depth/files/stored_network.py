"""The header of a network's file: JSON that says everything but the weights."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

FORMAT = "snn-depth-network"
SCHEMA_VERSION = 1
# Trained with configs/default.yaml on the synthetic world; see weights/README.md.
SHIPPED_NETWORK = Path(__file__).parents[1] / "weights" / "student.safetensors"


def header(description: dict[str, Any]) -> dict[str, str]:
    """What `read_description` finds again, as safetensors stores it."""
    return {
        "format": FORMAT,
        "schema_version": str(SCHEMA_VERSION),
        "description": json.dumps(description),
    }


def read_description(path: Path | str) -> dict[str, Any]:
    """What a file says about its network, without its weights.

    Raises:
        ValueError: When the file is missing, corrupt, of another format or of another version.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"checkpoint {path} does not exist")
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} is not a readable safetensors file: {error}") from None
    if metadata.get("format") != FORMAT:
        raise ValueError(f"{path} has format {metadata.get('format')!r}; accepted: {FORMAT!r}")
    if metadata.get("schema_version") != str(SCHEMA_VERSION):
        raise ValueError(
            f"{path} has schema version {metadata.get('schema_version')}; "
            f"this program reads version {SCHEMA_VERSION}"
        )
    try:
        description: dict[str, Any] = json.loads(metadata["description"])
    except (KeyError, json.JSONDecodeError) as error:
        raise misdescribed(path, error) from None
    return description


def misdescribed(path: Path | str, error: Exception) -> ValueError:
    """The error for a description that does not fit its network."""
    return ValueError(f"{path} does not describe its network correctly: {error}")
