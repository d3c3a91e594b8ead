"""Layers computed ahead: the same as computed at once, whatever of it was kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import AutoModelForQuestionAnswering, BertForQuestionAnswering

from index.bert.compiled_bert import States, Tokens
from index.documents import DocumentDraft
from index.errors import CatalogueFull, ModelUnsuitable
from index.passage_index import PassageIndex
from index.passages.reading_text import ReadingText
from rag.config import ModelConfig, ReaderConfig
from rag.doctor import examine_all
from rag.engine import Sourcespan
from rag.interfaces import Reading
from rag.reader.extractive_reader import ExtractiveReader, load_reader_from
from rag.reader.precomputed_layers import FIRST_POSITION, PRECOMPUTED_LAYERS, PrecomputedLayersEncoder
from rag.training.apart import Apart, positions
from tests.fakes import BagOfWordsEmbedder
from tests.rag.training.support import WORDS, tiny_reader

CONFIG = ReaderConfig(max_window_tokens=64, stride=8, max_answer_tokens=6, precision="fp32")
PASSAGES = ["the red cat sat on the mat", "an old dog ran under the hill and flew", "who is in the river"]

sentences = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reader that says that its lower layer was trained to be computed ahead."""
    return trained_for_it(tiny_reader(tmp_path_factory.mktemp("reader")))


def trained_for_it(folder: Path) -> Path:
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**settings, PRECOMPUTED_LAYERS: 1}))
    return folder


def reader(folder: Path, kept: Path) -> ExtractiveReader:
    return load_reader_from(folder, "tiny", CONFIG, states=kept / "states")


def encoder(reader: ExtractiveReader) -> PrecomputedLayersEncoder:
    assert isinstance(reader.precomputed, PrecomputedLayersEncoder)
    return reader.precomputed


class Watched:
    """What the lower layers are computed of, as lists of vocabulary numbers."""

    def __init__(self, reader: ExtractiveReader, monkeypatch: pytest.MonkeyPatch) -> None:
        self.passages: list[list[int]] = []
        lower = encoder(reader)._lower
        self._compute = lower.states
        monkeypatch.setattr(lower, "states", self._states)

    def _states(self, texts: Sequence[Tokens]) -> list[States]:
        self.passages += [text.ids.tolist() for text in texts if text.types.any()]
        return self._compute(texts)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(questions=st.lists(sentences, min_size=1, max_size=3), passages=st.lists(sentences, min_size=1, max_size=4))
def test_it_computes_what_training_does(
    trained: Path, tmp_path: Path, questions: list[str], passages: list[str]
) -> None:
    mine = encoder(reader(trained, tmp_path))
    model = AutoModelForQuestionAnswering.from_pretrained(trained).eval()
    assert isinstance(model, BertForQuestionAnswering)
    pairs = [(question, passage) for question in questions for passage in passages]
    windows = mine.windows([question for question, _ in pairs], [ReadingText.bare(passage) for _, passage in pairs])
    computed = [one for positions, *logits in mine.logits(windows) for one in zip(positions, *logits, strict=True)]
    assert sorted(position for position, _, _ in computed) == list(range(len(windows)))
    for position, start, end in computed:
        window = windows[position]
        ids, types = (torch.from_numpy(window.inputs[name])[None] for name in ("input_ids", "token_type_ids"))
        with torch.inference_mode():
            right = Apart(model, 1)(ids, torch.ones_like(ids), types)
        assert start[: len(window)] == pytest.approx(right.start_logits[0].numpy(), abs=5e-3)
        assert end[: len(window)] == pytest.approx(right.end_logits[0].numpy(), abs=5e-3)


def test_a_passage_counts_its_positions_from_a_fixed_one() -> None:
    types = torch.tensor([[0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 0, 0]])
    counted = positions(types)
    assert counted[0].tolist() == [0, 1, 2, FIRST_POSITION, FIRST_POSITION + 1, FIRST_POSITION + 2]
    assert counted[1, :4].tolist() == [0, 1, FIRST_POSITION, FIRST_POSITION + 1]


def test_what_was_prepared_is_not_computed_again(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = reader(trained, tmp_path)
    unprepared = first.read("who is the cat", PASSAGES)
    encoder(first).forget(PASSAGES)
    encoder(first).prepare(PASSAGES[:2])
    second = reader(trained, tmp_path)
    watched = Watched(second, monkeypatch)
    assert second.read("who is the cat", PASSAGES) == unprepared
    assert len(watched.passages) == 1  # the one that was not
    assert second.read("where is the dog", PASSAGES) == first.read("where is the dog", PASSAGES)
    assert len(watched.passages) == 1  # and it was kept


def test_a_long_passage_is_read_to_its_end(trained: Path, tmp_path: Path) -> None:
    passage = " ".join(WORDS * 12)
    mine = reader(trained, tmp_path)
    windows = encoder(mine).windows(["who is the cat"], [ReadingText.bare(passage)])
    assert len(windows) > 1
    covered = np.zeros(len(passage), dtype=bool)
    for window in windows:
        for first, last in window.passage.offsets[window.passage.may_start | window.passage.may_end]:
            covered[first:last] = True
    assert "".join(c for c, seen in zip(passage, covered, strict=True) if not seen).strip() == ""
    assert all(passage[span.start : span.end].strip() for span in mine.read("who is the cat", [passage]))


def test_questions_share_passes_without_touching_each_other(trained: Path, tmp_path: Path) -> None:
    mine = reader(trained, tmp_path)
    readings = [
        Reading.bare("who is the cat", PASSAGES),
        Reading.bare("where is the old dog in the river", PASSAGES[1:]),
    ]
    found: list[list[tuple[int, int, float]]] = [[], []]
    for batch in mine.read_many(readings):
        for at, span in batch:
            found[at].append((span.position, span.start, span.score))
    for reading, spans in zip(readings, found, strict=True):
        alone = [
            (span.position, span.start, span.score)
            for span in mine.read(reading.question, [each.text for each in reading.passages])
        ]
        assert [where[:2] for where in sorted(spans)] == [where[:2] for where in sorted(alone)]
        assert sorted(s for *_, s in spans) == pytest.approx(sorted(s for *_, s in alone), abs=1e-4)


def test_a_full_disk_keeps_no_question_from_its_answer(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mine = reader(trained, tmp_path)
    expected = reader(trained, tmp_path / "other").read("who is the cat", PASSAGES)

    def full(*_: object, patient: bool = False) -> None:
        raise CatalogueFull

    monkeypatch.setattr(encoder(mine)._kept, "keep", full)
    assert mine.read("who is the cat", PASSAGES) == expected
    assert "was not kept" in caplog.text
    with pytest.raises(CatalogueFull):
        encoder(mine).prepare(PASSAGES)


def test_a_reader_that_was_not_trained_for_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnsuitable, match="train run --layers-ahead"):
        reader(tiny_reader(tmp_path / "reader"), tmp_path)


def test_a_reader_of_too_short_windows_is_refused(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnsuitable, match="a passage of more than 104 tokens"):
        load_reader_from(trained, "tiny", ReaderConfig(), states=tmp_path / "states")


@pytest.mark.model
def test_the_bundled_reader_reads_ahead_too(tmp_path: Path) -> None:
    models = ModelConfig(ahead=True)
    text = "Marta Quill founded the bakery in 1987 with her sister.\n\nThe ferry to Elba leaves Pier 9 at noon."
    with Sourcespan.open(tmp_path, models, answers=False) as library:
        library.add(DocumentDraft("town", text))
    with Sourcespan.open(tmp_path, models) as library:
        ahead = library.index.preparation
        assert isinstance(ahead, PrecomputedLayersEncoder)
        prepared = ahead.prepared()
        for question, answer in (("Who founded the bakery?", "Marta Quill"), ("When was it founded?", "1987")):
            (best,) = library.ask(question, n_best=1).answers
            assert (best.text, text[best.span.start : best.span.end]) == (answer, answer)
        assert ahead.prepared() == prepared >= 1
    assert {finding.severity for finding in examine_all(tmp_path, models)} == {"fine"}


@pytest.mark.model
def test_a_data_directory_is_put_in_and_asked_ahead(tmp_path: Path) -> None:
    models = ModelConfig(reader=str(trained_for_it(tiny_reader(tmp_path / "reader", positions=512))), ahead=True)
    with Sourcespan.open(tmp_path, models, answers=False) as library:
        library.add(DocumentDraft("one", PASSAGES[0]))
        library.add(DocumentDraft("other", PASSAGES[1]))
    with Sourcespan.open(tmp_path, models) as library:
        ahead = library.index.preparation
        assert isinstance(ahead, PrecomputedLayersEncoder)
        assert ahead.prepared() == 2
        result = library.ask("who is the cat", min_confidence=0.0)
        assert result.answers
        for best in result.answers:
            assert library.text(best.document.id)[best.span.start : best.span.end] == best.text
        library.remove(library.documents()[0].id)
        assert ahead.prepared() == 1
    said = {finding.check: finding.says for finding in examine_all(tmp_path, models)}
    assert "computed over 1 passages" in said["ahead"]


def test_what_is_indexed_is_prepared_and_what_is_deleted_forgotten(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = reader(trained, tmp_path)
    with PassageIndex(tmp_path / "index", BagOfWordsEmbedder(), preparation=mine.precomputed) as index:
        one, _ = index.add(DocumentDraft("", PASSAGES[0]))
        other, _ = index.add(DocumentDraft("", PASSAGES[1]))
        watched = Watched(mine, monkeypatch)
        mine.read("who is the cat", PASSAGES[:2])
        assert watched.passages == []
        index.delete(one.id)
        assert encoder(mine).prepared() == 1
        index.replace(other.id, DocumentDraft("", PASSAGES[2]))
        mine.read("who is the cat", PASSAGES[2:])
        assert len(watched.passages) == 1  # when it was put in the other's place
        assert encoder(mine).prepared() == 1
