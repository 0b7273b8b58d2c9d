from typing import Any

import pytest

from hardware.energy.digital_machines import AnnMachine, SnnMachine


def test_memories() -> None:
    assert SnnMachine().bytes_of(100, 8) == 100
    assert AnnMachine().bytes_of(0, 8) == 1
    assert SnnMachine(memory_bytes=131_072).bytes_of(100, 8) == 131_072


@pytest.mark.parametrize(
    ("machine", "changes", "message"),
    [
        (SnnMachine, {"weight_bits": 0}, "weight_bits is 0; accepted: more than 0"),
        (SnnMachine, {"memory_bytes": 0}, "memory_bytes is 0; accepted: more than 0"),
        (SnnMachine, {"leak": "exp"}, "leak is 'exp'; accepted: multiply, shift, none"),
        (SnnMachine, {"potential_accesses_per_synop": 2}, "is 2; accepted: 0 to 1"),
        (AnnMachine, {"activation_bits": -1}, "activation_bits is -1; accepted: more than 0"),
        (AnnMachine, {"reuse": 0.5}, "reuse is 0.5; accepted: 1 or more"),
        (AnnMachine, {"reuse": float("nan")}, "reuse is nan"),
    ],
)
def test_bad_machines(machine: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        machine(**changes)
