import pytest

from snn_depth.command.shard import Shard


@pytest.mark.parametrize("count", [1, 2, 3, 7, 20])
def test_shards_together_are_the_whole_once(count: int) -> None:
    items = list(range(10))
    shares = [Shard.parse(f"{index}/{count}").of(items) for index in range(1, count + 1)]
    assert sorted(item for share in shares for item in share) == items
    sizes = [len(share) for share in shares]
    assert max(sizes) - min(sizes) <= 1


def test_every_nth_item() -> None:
    assert Shard.parse("2/3").of("abcdefgh") == "beh"


@pytest.mark.parametrize(
    "text",
    ["0/4", "5/4", "1/0", "1", "1/", "/4", "a/b", "-1/4", "1.5/4", "1/4/2", " 1/4", "", "²/4"],
)
def test_nonsense_is_refused_with_what_is_accepted(text: str) -> None:
    with pytest.raises(ValueError, match=r"shard is '.*'; accepted: 1/n to n/n, such as 1/4"):
        Shard.parse(text)
