"""Drawings of a report, as SVG text."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

Numbers = npt.NDArray[np.float64]
# Families of networks keep their colours from plot to plot.
COLOURS = {"snn": "#1f5fa8", "ann": "#c4572e", "teacher": "#6b7280"}
_STYLE: Any = {
    "svg.fonttype": "none",  # text stays text: small, searchable, in the page's own letters
    "svg.hashsalt": "snn-depth",  # the same data give the same file
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


@dataclass(frozen=True)
class Point:
    """A network in the plane of energy and error.

    Attributes:
        energy_uj: Per inference.
        abs_rel: Mean over the samples.
        on_front: Whether no other network is better in both.
    """

    name: str
    family: str
    energy_uj: float
    abs_rel: float
    on_front: bool = False


def pareto_plot(points: Sequence[Point], *, energy: str) -> str:
    """Error against energy, named for the axis; the front is drawn."""
    with mpl.rc_context(_STYLE):
        figure, ax = _figure(7.6, 4.4)
        for point in points:
            ax.scatter(
                point.energy_uj,
                point.abs_rel,
                color=COLOURS[point.family],
                marker="o" if point.family == "snn" else "s",
                s=34,
                zorder=3,
            )
            ax.annotate(
                point.name,
                (point.energy_uj, point.abs_rel),
                xytext=(5, 4),
                textcoords="offset points",
                fontsize=7.5,
            )
        front = sorted((p.energy_uj, p.abs_rel) for p in points if p.on_front)
        ax.plot(*zip(*front, strict=True), color="0.55", linewidth=1, linestyle="--", zorder=1)
        ax.set_xscale("log")
        ax.set_xlabel(f"{energy}, uJ per inference (log)")
        ax.set_ylabel("abs_rel")
        ax.grid(alpha=0.25, which="both")
        ax.margins(x=0.14, y=0.12)
        return _svg(figure)


def stacked_plot(bars: Mapping[str, Mapping[str, float]], *, unit: str) -> str:
    """Terms of a sum on top of each other, a bar per network or layer; all have the same terms."""
    with mpl.rc_context(_STYLE):
        figure, ax = _figure(7.6, 0.34 * len(bars) + 1.5)
        names = list(bars)
        left = np.zeros(len(names))
        terms = [t for t in next(iter(bars.values())) if any(bar[t] for bar in bars.values())]
        for term, colour in zip(terms, mpl.color_sequences["tab10"], strict=False):
            amounts = np.array([bars[name][term] for name in names])
            ax.barh(names, amounts, left=left, label=term, color=colour, height=0.66)
            left += amounts
        ax.invert_yaxis()
        ax.set_xlabel(unit)
        ax.grid(alpha=0.25, axis="x")
        figure.legend(loc="outside upper center", ncols=len(terms), frameon=False, fontsize=8)
        return _svg(figure)


def tornado_plot(swings: Sequence[tuple[str, float, float]], *, nominal: float, label: str) -> str:
    """What a result becomes when one constant after the other goes to the ends of its range.

    Args:
        swings: Constant, result at its low end, result at its high end; the largest swing first.
    """
    with mpl.rc_context(_STYLE):
        figure, ax = _figure(7.6, 0.3 * len(swings) + 1.2)
        for name, low, high in swings:
            ax.barh(name, high - nominal, left=nominal, color="#c4572e", height=0.6)
            ax.barh(name, low - nominal, left=nominal, color="#1f5fa8", height=0.6)
        ax.axvline(nominal, color="black", linewidth=1)
        ax.invert_yaxis()
        ax.set_xlabel(f"{label} (blue: constant at its low end, red: at its high end)")
        ax.grid(alpha=0.25, axis="x")
        return _svg(figure)


def imbalance_plot(layers: Sequence[str], mean: Numbers, busiest: Numbers) -> str:
    """Synaptic operations per step of the busiest core beside those of the mean core, by layer."""
    with mpl.rc_context(_STYLE):
        figure, ax = _figure(7.6, 3.2)
        places = np.arange(len(layers))
        ax.bar(places - 0.2, mean, 0.4, label="mean core", color="#9db8d9")
        ax.bar(places + 0.2, busiest, 0.4, label="busiest core", color="#1f5fa8")
        ax.set_xticks(places, layers, rotation=30, ha="right")
        ax.set_ylabel("synaptic operations per step")
        ax.grid(alpha=0.25, axis="y")
        ax.legend(frameon=False)
        return _svg(figure)


def core_map_plot(columns: Numbers, rows: Numbers, load: Numbers, labels: Sequence[str]) -> str:
    """Synaptic operations per step of every core at its place on the mesh."""
    with mpl.rc_context(_STYLE):
        figure, ax = _figure(7.6, 0.36 * (float(rows.max()) + 1) + 0.4)
        ax.spines[["left", "bottom"]].set_visible(False)
        dots = ax.scatter(columns, rows, c=load, cmap="viridis", marker="s", s=270)
        for x, y, label in zip(columns, rows, labels, strict=True):
            ax.annotate(label, (x, y), ha="center", va="center", fontsize=4.5, color="white")
        ax.invert_yaxis()
        ax.set_aspect("equal")
        ax.set_xticks([])
        ax.set_yticks([])
        ax.margins(0.06)
        figure.colorbar(dots, ax=ax, shrink=0.8).set_label("synaptic operations per step")
        return _svg(figure)


def distribution_plot(energies_uj: Mapping[str, tuple[str, Numbers]]) -> str:
    """Share of samples that need no more than an energy, by network: its family and its samples."""
    with mpl.rc_context(_STYLE):
        figure, ax = _figure(7.6, 3.2)
        for i, (name, (family, values)) in enumerate(energies_uj.items()):
            share = np.arange(1, len(values) + 1) / len(values)
            style = ("-", "--", ":", "-.")[i % 4]
            ax.step(np.sort(values), share, style, where="post", label=name, color=COLOURS[family])
        ax.set_xscale("log")
        ax.set_xlabel("uJ per inference (log)")
        ax.set_ylabel("share of samples")
        ax.grid(alpha=0.25, which="both")
        ax.legend(frameon=False, fontsize=8)
        return _svg(figure)


def break_even_plot(
    steps: Sequence[int],
    rates: Numbers,
    ratio: Numbers,
    *,
    ours: tuple[float, float],
    published: Mapping[str, Numbers],
    points: Mapping[str, tuple[float, float]],
) -> str:
    """Energy of the spiking network over that of the conventional one, by steps and firing rate.

    Args:
        steps: T.
        rates: Events per source neuron and step.
        ratio: Shape (rates, steps).
        ours: T and rate of the network of the report.
        published: By name, the rate at each T below which a spiking network was said to win; NaN
            where nothing was said.
        points: By name, the same for a single T.
    """
    with mpl.rc_context(_STYLE):
        figure, ax = _figure(7.6, 4.2)
        bound = max(1.0, float(np.abs(np.log10(ratio)).max()))
        image = ax.pcolormesh(
            steps, rates, np.log10(ratio), cmap="RdBu_r", vmin=-bound, vmax=bound, shading="nearest"
        )
        even = [rate_of_ratio_one(rates, column) for column in ratio.T]
        if not np.isnan(even).all():
            ax.plot(steps, even, "o-", color="black", linewidth=1.8, label="break-even, this model")
        for (name, line), style in zip(published.items(), ("--", ":", "-.", "-"), strict=False):
            ax.plot(steps, line, style, color="0.25", linewidth=1, marker=".", label=name)
        for name, point in points.items():
            ax.plot(*point, "x", color="0.25", label=name)
        ax.scatter(*ours, marker="*", s=150, color="gold", edgecolor="black", label="this network")
        ax.set_xlabel("time steps T")
        ax.set_ylabel("events per neuron and step")
        ax.set_xscale("log", base=2)
        ax.set_xticks(steps, [str(t) for t in steps])
        ax.set_yscale("log")
        ax.set_ylim(rates.min(), rates.max())
        bar = figure.colorbar(image, ax=ax)
        bar.set_label("log10 of energy, spiking / conventional")
        figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
        return _svg(figure)


def rate_of_ratio_one(rates: Numbers, ratio: Numbers) -> float:
    """Where a ratio that grows with the rate passes 1; NaN where it does not."""
    if not ratio[0] <= 1 <= ratio[-1]:
        return float("nan")
    return float(np.exp(np.interp(0.0, np.log(ratio), np.log(rates))))


def anytime_plot(abs_rel: Numbers, energy_uj: Numbers) -> str:
    """Error, and energy of all steps so far, when the readout is read after each step."""
    with mpl.rc_context(_STYLE):
        figure, ax = _figure(7.6, 3.2)
        steps = np.arange(1, len(abs_rel) + 1)
        ax.plot(steps, abs_rel, "o-", color=COLOURS["snn"])
        ax.set_xlabel("read after step")
        ax.set_ylabel("abs_rel", color=COLOURS["snn"])
        ax.grid(alpha=0.25)
        other = ax.twinx()
        other.spines["right"].set_visible(True)
        other.plot(steps, energy_uj, "s--", color="0.4")
        other.set_ylabel("energy so far, uJ", color="0.4")
        other.set_ylim(0)
        return _svg(figure)


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _svg(figure: Figure) -> str:
    """The drawing without its XML prologue, so that it can stand inside a page."""
    buffer = io.StringIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
