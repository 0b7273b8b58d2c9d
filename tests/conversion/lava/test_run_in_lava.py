import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np
import pytest

from conversion.graph.artifact import Artifact, write_artifact
from conversion.lava.run_in_lava import _LONGEST_TEMPORARY_FOLDER, run_in_lava
from tests.conversion.small_graphs import counts, skip_graph

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    path = tmp_path / "net.h5"
    write_artifact(path, Artifact(skip_graph(), 7, float_graph=skip_graph("float")))
    return path


@pytest.fixture
def make_python(tmp_path: Path) -> "MakePython":
    return MakePython(tmp_path)


class MakePython:
    """Programs that stand in for Python with Lava, to fail in ways in which the real one does not.

    Each is run by this Python, from a file, in the working directory of a run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, program: str) -> Path:
        body, path = self.folder / "program.py", self.folder / "python"
        body.write_text(program)
        path.write_text(f'#!/bin/sh\nexec {sys.executable} {body} "$@"\n')
        path.chmod(0o755)
        return path


def processes_below(folder: Path) -> list[str]:
    """Command lines of processes that name the folder."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if str(folder) in words and path.parent.name != str(os.getpid()):
            lines.append(words)
    return lines


def test_what_the_other_python_sees(
    artifact: Path, make_python: MakePython, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its packages are ours and nothing else; it is told what to run."""
    monkeypatch.setenv("VIRTUAL_ENV", "/this/python")
    python = make_python(
        "import os, pathlib, sys\n"
        "packages = pathlib.Path(os.environ['PYTHONPATH'])\n"
        "print(sorted(p.name for p in packages.iterdir()), os.environ.get('VIRTUAL_ENV'))\n"
        "print((packages / 'conversion' / 'lava_runtime').is_dir(), sys.argv[3:])\n"
        "print(os.path.getsize('inputs.npy') > 1000, os.getpid() == os.getsid(0))\n"
        "sys.exit(3)\n"
    )
    with pytest.raises(RuntimeError) as caught:
        run_in_lava(
            artifact, counts(), "float", python=python, synapses="stock", record_membranes=False
        )
    words = ["-m", "conversion.lava_runtime", str(artifact), "inputs.npy", "result.h5"]
    words += ["--arithmetic", "float", "--synapses", "stock", "--no-membranes"]
    assert str(caught.value).splitlines() == [
        "the run in Lava failed with exit code 3:",
        "['conversion', 'snn_depth'] None",
        f"True {words}",
        "True True",
    ]


def test_too_long_a_run_is_ended_with_its_children(
    artifact: Path, make_python: MakePython, tmp_path: Path
) -> None:
    """It does not listen to SIGTERM, nor does its child, and both hold shared memory."""
    python = make_python(
        "import os, pathlib, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "pathlib.Path(f'/dev/shm/snn{os.getpid()}_test').touch()\n"
        "os.fork()\n"
        "time.sleep(100)\n"
    )
    before = set(Path("/dev/shm").iterdir())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("conversion.lava.process_group._GRACE_S", 0.3)
        with pytest.raises(TimeoutError, match="took longer than 1 s; give it more time"):
            run_in_lava(artifact, counts(), "integer", python=python, timeout_s=1)
    assert not processes_below(tmp_path / "program.py")
    assert not [p for p in set(Path("/dev/shm").iterdir()) - before if p.name.endswith("_test")]


@pytest.mark.parametrize(
    ("program", "kind", "message"),
    [
        ("import sys; print('log'); print('error: no'); sys.exit(2)", ValueError, "^Lava: no$"),
        ("import sys; print('error: full'); sys.exit(71)", OSError, "^Lava: full$"),
        ("import os; os.kill(os.getpid(), 9)", OSError, "killed by SIGKILL; most often memory"),
        ("raise KeyError('defect')", RuntimeError, r"(?s)exit code 1:\n.*KeyError: 'defect'"),
    ],
)
def test_failures(
    artifact: Path, make_python: MakePython, program: str, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        run_in_lava(artifact, counts(), "integer", python=make_python(program))


@pytest.mark.parametrize("timeout_s", [0.0, -1.0, float("inf"), float("nan")])
def test_bad_time_outs(artifact: Path, timeout_s: float) -> None:
    with pytest.raises(ValueError, match=r"timeout_s is .*; accepted: a positive number"):
        run_in_lava(artifact, counts(), "integer", python=Path(), timeout_s=timeout_s)


def test_a_long_temporary_folder_is_refused(
    artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 62)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with pytest.raises(
        ValueError,
        match=f"temporary folder {long} .*; accepted: up to {_LONGEST_TEMPORARY_FOLDER}; set",
    ):
        run_in_lava(artifact, counts(), "integer", python=Path())


@pytest.mark.slow
def test_the_longest_temporary_folder_works(
    artifact: Path, lava_python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TemporaryDirectory() as short:
        folder = Path(short) / ("x" * (_LONGEST_TEMPORARY_FOLDER - len(short) - 1))
        folder.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        monkeypatch.setenv("TMPDIR", str(folder))
        assert len(str(folder)) == _LONGEST_TEMPORARY_FOLDER
        run = run_in_lava(artifact, counts(), "integer", python=lava_python)
        assert run.num_steps == 3 * 7 + 5


@pytest.mark.slow
def test_corrupt_and_foreign_artifacts_are_refused(
    artifact: Path, lava_python: Path, tmp_path: Path
) -> None:
    whole = artifact.read_bytes()
    foreign = tmp_path / "foreign.h5"
    h5py.File(foreign, "w").close()
    artifact.write_bytes(whole[: len(whole) // 2])
    for path, message in ((artifact, "damaged, or not an HDF5 file"), (foreign, "format is None")):
        with pytest.raises(ValueError, match=f"^Lava: {path}.*{message}"):
            run_in_lava(path, counts(), "integer", python=lava_python)


@pytest.mark.slow
def test_inputs_of_another_shape_are_refused(artifact: Path, lava_python: Path) -> None:
    with pytest.raises(ValueError, match=r"^Lava: input 'input' has shape"):
        run_in_lava(artifact, counts()[..., :4], "integer", python=lava_python)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_a_killed_run(
    artifact: Path, lava_python: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """Ctrl-C, or the end of the program that has started the run, in the middle of it."""
    inputs = np.repeat(counts().astype(np.int8), 5_000, axis=1)  # more than a minute
    np.save(tmp_path / "long.npy", inputs)
    program = (
        "import sys, numpy as np; from pathlib import Path\n"
        "from conversion.lava.run_in_lava import _LONGEST_TEMPORARY_FOLDER, run_in_lava\n"
        "run_in_lava(Path(sys.argv[1]), np.load(sys.argv[2]), 'integer', python=Path(sys.argv[3]))"
    )
    words = [sys.executable, "-c", program, str(artifact), str(tmp_path / "long.npy")]
    before = segments()
    with TemporaryDirectory() as temporary:  # short, as sockets need it
        process = subprocess.Popen(
            [*words, str(lava_python)],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": temporary},
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            wait_until(
                lambda: len(segments() - before) > 20 and len(processes_below(artifact)) > 10
            )
            time.sleep(0.5)
            process.send_signal(number)
            process.wait(30)
            wait_until(lambda: not processes_below(artifact) and segments() <= before)
            if number == signal.SIGINT:
                assert not os.listdir(temporary)
        finally:
            process.kill()


def segments() -> set[str]:
    return {path.name for path in Path("/dev/shm").iterdir()}


def wait_until(holds, timeout_s: float = 30.0) -> None:  # type: ignore[no-untyped-def]
    deadline_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
