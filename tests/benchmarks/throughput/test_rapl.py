from pathlib import Path

import pytest

from benchmarks.throughput.rapl import find_packages


def show_counter(root: Path, folder: str, name: str, energy_uj: int) -> Path:
    """A counter as Linux shows it."""
    shown = root / folder
    shown.mkdir(parents=True, exist_ok=True)
    (shown / "name").write_text(f"{name}\n")
    (shown / "energy_uj").write_text(f"{energy_uj}\n")
    (shown / "max_energy_range_uj").write_text("1000000000\n")
    return shown


def test_packages_add_up_and_their_parts_do_not(tmp_path: Path) -> None:
    first = show_counter(tmp_path, "intel-rapl:0", "package-0", 5_000_000)
    second = show_counter(tmp_path, "intel-rapl:1", "package-1", 999_000_000)
    show_counter(tmp_path, "intel-rapl:0:0", "core", 1)
    show_counter(tmp_path, "intel-rapl:2", "psys", 1)
    packages = find_packages(tmp_path)
    assert [counter.folder for counter in packages.counters] == [first, second]
    start = packages.read()
    (first / "energy_uj").write_text("8000000\n")
    (second / "energy_uj").write_text("1000000\n")  # has started from 0 again
    window = packages.window_since(start, 4, min_duration_s=0.0)
    assert window.energy_j == pytest.approx(3.0 + 2.0)
    assert window.num_inferences == 4 and window.duration_s > 0


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shows no energy counter of a processor package"):
        find_packages(tmp_path / "nowhere")
    show_counter(tmp_path, "intel-rapl:2", "psys", 1)
    with pytest.raises(ValueError, match="shows no energy counter"):
        find_packages(tmp_path)


def test_counters_that_may_not_be_read(tmp_path: Path) -> None:
    """Since 2020 Linux shows them to root only; root itself may read anything but a folder."""
    shown = show_counter(tmp_path, "intel-rapl:0", "package-0", 1)
    (shown / "energy_uj").unlink()
    (shown / "energy_uj").mkdir()
    with pytest.raises(ValueError, match="not readable by this user"):
        find_packages(tmp_path)
