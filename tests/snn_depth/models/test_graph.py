import pytest

from snn_depth.models.graph import (
    INPUT,
    READOUT,
    InputPort,
    NetworkGraph,
    Population,
    Projection,
    residual_unet,
)
from tests.snn_depth.models.two_inputs import FIRST, SECOND, two_input_graph


def test_default_student_has_ten_populations_on_its_longest_path() -> None:
    graph = residual_unet(1, width=16)
    assert graph.num_pipeline_steps == 11  # ten populations and the readout
    assert graph.max_stride == 16
    assert graph.strides[READOUT] == 2
    assert graph.num_channels["enc3b"] == 128


def test_arrival_steps_delays_and_relays_by_hand() -> None:
    # input -> a -> b -> readout, and a -> readout skips b: one step too early.
    graph = NetworkGraph(
        (InputPort(INPUT, 1),),
        (
            Population("a", 4, (Projection(INPUT, stride=2),)),
            Population("b", 8, (Projection("a"),)),
        ),
        Population(READOUT, 2, (Projection("b"), Projection("a"))),
    )
    assert graph.arrival_steps == {INPUT: 0, "a": 1, "b": 2, READOUT: 3}
    assert graph.delays() == {("a", READOUT): 1}
    assert graph.num_neurons(8, 16) == {"a": 4 * 4 * 8, "b": 8 * 4 * 8, READOUT: 2 * 4 * 8}
    assert graph.num_relay_neurons(8, 16) == 4 * 4 * 8


def test_relay_chain_is_shared_by_targets() -> None:
    graph = NetworkGraph(
        (InputPort(INPUT, 1),),
        (
            Population("a", 1, (Projection(INPUT),)),
            Population("b", 1, (Projection("a"),)),
            Population("c", 1, (Projection("b"), Projection("a"))),
            Population("d", 1, (Projection("c"), Projection("a"))),
        ),
        Population(READOUT, 1, (Projection("d"),)),
    )
    assert graph.delays() == {("a", "c"): 1, ("a", "d"): 2}
    assert graph.num_relay_neurons(2, 2) == 2 * 4


def test_relays_repeat_only_what_is_read_and_never_the_input() -> None:
    graph = NetworkGraph(
        (InputPort(INPUT, 1),),
        (
            Population("a", 3, (Projection(INPUT),)),
            Population("b", 1, (Projection("a", stride=2),)),
            Population("c", 1, (Projection("b"), Projection("a", kernel_size=1, stride=2))),
        ),
        Population(READOUT, 1, (Projection("c"), Projection(INPUT, stride=2))),
    )
    assert graph.delays() == {("a", "c"): 1, (INPUT, READOUT): 3}
    assert graph.num_relay_neurons(4, 8) == 3 * 2 * 4


def test_refuses_unknown_source() -> None:
    with pytest.raises(ValueError, match="'b', which does not stand before it"):
        NetworkGraph(
            (InputPort(INPUT, 1),),
            (Population("a", 1, (Projection("b"),)),),
            Population(READOUT, 1, (Projection("a"),)),
        )


def test_refuses_projections_on_different_grids() -> None:
    with pytest.raises(ValueError, match="differ in stride"):
        NetworkGraph(
            (InputPort(INPUT, 1),),
            (
                Population("a", 1, (Projection(INPUT, stride=2),)),
                Population("b", 1, (Projection("a"), Projection(INPUT))),
            ),
            Population(READOUT, 1, (Projection("b"),)),
        )


@pytest.mark.parametrize("width", [0, -16, 8, 24])
def test_refuses_widths_that_crash_onednn(width: int) -> None:
    with pytest.raises(ValueError, match=f"width is {width}; accepted: positive multiples of 16"):
        residual_unet(1, width=width)


def test_refuses_projections_that_cannot_be_folded() -> None:
    with pytest.raises(ValueError, match="kernel_size is 4"):
        Projection("a", kernel_size=4)
    with pytest.raises(ValueError, match="upsample 4 with stride 1"):
        Projection("a", upsample=4)
    with pytest.raises(ValueError, match="upsample 2 with stride 2"):
        Projection("a", upsample=2, stride=2)


def test_inputs_by_name() -> None:
    graph = two_input_graph()
    assert graph.input_names == (FIRST, SECOND)
    assert graph.num_channels == {FIRST: 1, SECOND: 2, "a": 16, "b": 8, "c": 8, READOUT: 2}
    assert graph.strides == {FIRST: 1, SECOND: 1, "a": 2, "b": 2, "c": 2, READOUT: 2}
    assert graph.delays() == {(SECOND, "c"): 2, ("a", READOUT): 2}
    # Neither input needs relays: who sends it sends it again.
    assert graph.num_relay_neurons(4, 4) == 2 * 16 * 2 * 2


def test_refuses_impossible_inputs() -> None:
    read = Population("a", 1, (Projection("x"),)), Population(READOUT, 1, (Projection("a"),))
    with pytest.raises(ValueError, match=r"from 'x', which does not stand before it; known: .'y'"):
        NetworkGraph((InputPort("y", 1),), read[:1], read[1])
    with pytest.raises(ValueError, match="no projection reads input 'y'"):
        NetworkGraph((InputPort("x", 1), InputPort("y", 1)), read[:1], read[1])
    with pytest.raises(ValueError, match="share the name 'a'"):
        NetworkGraph((InputPort("x", 1), InputPort("a", 1)), read[:1], read[1])
    with pytest.raises(ValueError, match="share the name 'x'"):
        NetworkGraph((InputPort("x", 1), InputPort("x", 2)), read[:1], read[1])
