"""Shared text is found, named and refused; a split keeps it on one side."""

import gzip
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.squad import read_squad
from rag.training.data.overlap import find_shared, group_alike, refuse_shared
from rag.training.data.split import split_files, write_squad
from rag.training.errors import InvalidSetting, SharedParagraphs
from tests.rag.training.support import paragraph, paragraphs, write_squad_json

texts = st.lists(st.lists(st.sampled_from("abcd"), max_size=12).map(" ".join), max_size=8)


def runs(text: str, words: int) -> set[tuple[str, ...]]:
    said = re.findall(r"[^\W_]+", text.casefold())
    return {tuple(said[i : i + words]) for i in range(len(said) - words + 1)}


def alike(one: str, other: str, words: int) -> bool:
    same = one.replace(" ", "") == other.replace(" ", "")
    return (same and bool(one)) or bool(runs(one, words) & runs(other, words))


@given(train=texts, held_out=texts, words=st.integers(1, 5))
def test_what_is_shared_agrees_with_an_oracle(train: list[str], held_out: list[str], words: int) -> None:
    found = {s.text for s in find_shared({"t": train}, {"e": held_out}, words=words)}
    assert found == {t for t in train if any(alike(t, e, words) for e in held_out)}


@given(texts=texts, words=st.integers(1, 5))
def test_groups_agree_with_an_oracle(texts: list[str], words: int) -> None:
    expected = list(range(len(texts)))
    for _ in texts:  # spread the smallest number until nothing changes
        for one, text in enumerate(texts):
            linked = [expected[o] for o, t in enumerate(texts) if alike(text, t, words) or (not text and not t)]
            expected[one] = min(linked)
    assert group_alike(texts, words=words) == expected


def test_a_detokenised_copy_is_the_same_paragraph() -> None:
    with pytest.raises(
        SharedParagraphs, match=r"1 paragraph: a\.json with dev\.json \(1\); first: 'In 1 , 000 C\.E\.'"
    ) as caught:
        refuse_shared(
            {"a.json": ["In 1 , 000 C.E. "], "b.json": ["Other"]}, {"dev.json": ["In 1,000 c.e.", "More"]}, words=40
        )  # fmt: skip
    (shared,) = caught.value.shared
    assert (shared.train_file, shared.eval_file, shared.text, shared.whole) == (
        "a.json",
        "dev.json",
        "In 1 , 000 C.E. ",
        True,
    )


def test_a_long_run_of_words_is_shared_text_and_a_short_one_is_not() -> None:
    run = [f"w{n}" for n in range(40)]
    held_out = {"dev.json": ["before " + " ".join(run) + " after"]}
    refuse_shared({"a.json": ["x " + " ".join(run[:39]) + " y", *run]}, held_out, words=40)
    with pytest.raises(SharedParagraphs) as caught:
        refuse_shared({"a.json": ["X " + ", ".join(run).upper() + " y"]}, held_out, words=40)
    assert not caught.value.shared[0].whole


def test_a_paragraph_is_on_one_side_in_every_file_and_call(tmp_path: Path) -> None:
    first, second = paragraphs(200, seed=1), paragraphs(100, seed=2)
    a = write_squad_json(tmp_path / "a.json", first)
    write_squad(tmp_path / "b.json.gz", [*second, *first[:50]])
    counts = split_files(
        [a, tmp_path / "b.json.gz"], fraction=0.2, out_train=tmp_path / "t", out_held_out=tmp_path / "h", seed=3
    )
    split_files([a], fraction=0.2, out_train=tmp_path / "t2", out_held_out=tmp_path / "h2", seed=3)
    sides = {}
    for folder in ("t", "h", "t2", "h2"):
        sides[folder] = {p.text: p for f in sorted((tmp_path / folder).iterdir()) for p in read_squad(f)}
    assert not sides["t"].keys() & sides["h"].keys()
    assert sides["t"] | sides["h"] == {p.text: p for p in [*second, *first]}, "nothing lost, nothing changed"
    assert sides["t2"].keys() <= sides["t"].keys()
    assert sides["h2"].keys() <= sides["h"].keys()
    assert 0.1 < len(sides["h"]) / 300 < 0.3
    assert [c.train_questions + c.held_out_questions for c in counts] == [200, 150]
    assert (tmp_path / "t" / "b.json.gz").read_bytes()[:2] == b"\x1f\x8b"


def test_paragraphs_with_a_long_run_in_common_stay_together(tmp_path: Path) -> None:
    run = " ".join(f"w{n}" for n in range(40))
    linked = [paragraph(f"{n} {run} {n}", title=str(n)) for n in range(30)]
    path = write_squad_json(tmp_path / "a.json", linked)
    (counts,) = split_files([path], fraction=0.5, out_train=tmp_path / "t", out_held_out=tmp_path / "h", seed=0)
    assert {counts.train_paragraphs, counts.held_out_paragraphs} == {0, 30}
    refuse_shared(*({f: [p.text for p in read_squad(tmp_path / f / "a.json")]} for f in ("t", "h")), words=40)


def test_equal_paragraphs_give_equal_gzip_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "1.json.gz", tmp_path / "2.json.gz"
    for path in (one, other):
        write_squad(path, [paragraph("lone \ud800 surrogate, é", ("q", ["é"]))])
    assert one.read_bytes() == other.read_bytes()
    assert next(read_squad(one)).text == "lone \ud800 surrogate, é"
    assert gzip.decompress(one.read_bytes()).startswith(b'{"version": "v2.0"')


@pytest.mark.parametrize(
    ("fraction", "train", "held_out", "setting"),
    [
        (0, "t", "h", "fraction"),
        (1, "t", "h", "fraction"),
        (0.5, "t", "t", "out-held-out"),
        (0.5, ".", "h", "out-train"),
    ],
)
def test_a_split_that_would_overwrite_or_hold_nothing_out_is_refused(
    tmp_path: Path, fraction: float, train: str, held_out: str, setting: str
) -> None:
    path = write_squad_json(tmp_path / "a.json", paragraphs(2, seed=0))
    with pytest.raises(InvalidSetting) as caught:
        split_files([path], fraction=fraction, out_train=tmp_path / train, out_held_out=tmp_path / held_out, seed=0)
    assert caught.value.setting == setting
