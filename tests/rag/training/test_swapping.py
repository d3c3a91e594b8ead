from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import QuestionTooLong
from rag.config import ModelConfig
from rag.models.loading import load_reader
from rag.squad import AcceptedAnswer, SquadParagraph, SquadQuestion, read_squad
from rag.training.data.split import write_squad
from rag.training.data.swapping import Asked, falls_for, swap, swap_files
from tests.fakes import QuotingReader
from tests.rag.training.support import main

TEXT = (
    "In March 1921 Elsa Brandt mapped the Orlo valley. Her rival Tomas Wirth mapped the Senna valley in 1934, and "
    "Elsa Brandt's maps were sold in Lisbon for 150 crowns, those of Tomas Wirth for 320."
)


def asked(question: str, *answers: str, text: str = TEXT) -> Asked:
    accepted = tuple(AcceptedAnswer(answer, text.index(answer)) for answer in answers)
    of_it = SquadQuestion("q", question, accepted)
    return SquadParagraph("t", text, (of_it,)), of_it


def swaps(question: str, *answers: str) -> set[str]:
    """What becomes of the question, however the dice fall."""
    drawn = (swap(*asked(question, *answers), random.Random(seed)) for seed in range(40))
    return {pair[1].question for pair in drawn if pair is not None}


@pytest.mark.parametrize(
    ("question", "answer", "become"),
    [
        ("Which valley did Elsa Brandt map?", "Orlo", {"Which valley did Tomas Wirth map?"}),
        ("Where were Elsa Brandt's maps sold?", "Lisbon", {"Where were Tomas Wirth's maps sold?"}),
        ("who mapped a valley in 1934?", "Tomas Wirth", {"who mapped a valley in 1921?"}),
        ("Whose maps were sold for 150 crowns?", "Elsa Brandt", {"Whose maps were sold for 320 crowns?"}),
        # the only other name is the answer
        ("Who mapped what Tomas Wirth did not?", "Elsa Brandt", set()),
        # nothing that the paragraph names, and a first word that is capital whatever it is
        ("Which maps did Ada Lund draw?", "Orlo", set()),
        ("Maps of what were sold?", "Orlo", set()),
    ],
)
def test_a_name_or_number_is_replaced_by_another_of_its_kind(question: str, answer: str, become: set[str]) -> None:
    assert swaps(question, answer) == become


def test_a_month_is_replaced_by_any_other_month() -> None:
    become = swaps("Who mapped a valley in March?", "Elsa Brandt")
    assert len(become) == 11
    assert "Who mapped a valley in March?" not in become


names = st.sampled_from(["Anna", "Bo Lind", "Carla Mota", "Dorn", "Élan", "Fife", "Gent of Hull", "1907", "1913", "42"])


@given(named=st.lists(names, min_size=2, max_size=6, unique=True), at=st.integers(0, 5), seed=st.integers(0, 9))
def test_what_is_asked_instead_stands_in_the_paragraph_and_tells_no_answer(
    named: list[str], at: int, seed: int
) -> None:
    subject, answer = named[at % len(named)], named[(at + 1) % len(named)]
    pair = asked(f"what is said of {subject}?", answer, text="They knew " + ", then ".join(named) + ".")
    if (swapped := swap(*pair, random.Random(seed))) is None:
        return
    paragraph, question = swapped
    (instead,) = re.findall(r"^what is said of (.*)\?$", question.question)
    assert paragraph == pair[0]
    assert instead in set(named) - {subject, answer}
    assert (instead.isdigit(), len(instead.split())) == (subject.isdigit(), len(subject.split()))
    assert question.answers == pair[1].answers


def test_only_what_a_reader_answers_as_before_is_kept() -> None:
    as_before, otherwise = asked("is it «sold in Lisbon»?", "Lisbon"), asked("is it «Orlo valley»?", "Lisbon")
    nothing, doubted = asked("is it «Porto»?", "Lisbon"), asked("guess", "In")
    same = asked("is it «Lisbon»?", "Lisbon")
    assert list(falls_for([as_before, otherwise, nothing, doubted, same], QuotingReader())) == [same]


def test_a_question_that_a_reader_cannot_take_is_passed_over(tmp_path: Path) -> None:
    class Impatient(QuotingReader):
        def check(self, question: str) -> None:
            if len(question) > 60:
                raise QuestionTooLong(60, 50)

    long, short = (asked(f"what is said of Elsa Brandt: «Lisbon»{more}?", "Lisbon")[1] for more in (" " * 40, ""))
    write_squad(tmp_path / "in.json", [SquadParagraph("t", TEXT, (long, short))])
    told: list[tuple[int, int]] = []

    def tell(done: int, total: int) -> None:
        told.append((done, total))

    counts = swap_files([tmp_path / "in.json"], tmp_path / "out.json", Impatient(), limit=9, seed=0, progress=tell)
    assert counts == (1, 1)
    assert told == [(1, 1)]
    (kept,) = read_squad(tmp_path / "out.json")
    assert kept.questions == (SquadQuestion("q-swapped", "what is said of Tomas Wirth: «Lisbon»?", ()),)


@pytest.mark.model
def test_the_file_holds_what_the_bundled_reader_falls_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = [
        asked("Which valley did Elsa Brandt map?", "Orlo"),
        asked("In which city were Elsa Brandt's maps sold?", "Lisbon"),
        asked("When did Tomas Wirth map a valley?", "1934"),
        asked("For how many crowns were the maps of Elsa Brandt sold?", "150"),
    ]
    write_squad(tmp_path / "in.json", [SquadParagraph("t", TEXT, tuple(question for _, question in pairs))])
    out = tmp_path / "out.json.gz"
    assert main(["swap", str(tmp_path / "in.json"), "--out", str(out)]) == 0
    kept = [(p, q) for p in read_squad(out) for q in p.questions]
    assert f"{len(kept)} of 4 questions" in capsys.readouterr().out
    assert kept
    assert all(question.answers == () for _, question in kept)
    reader, _ = load_reader(ModelConfig(calibration="none"), embedder="")
    assert all(reader.read(question.question, [p.text])[0].score > 0 for p, question in kept)


def test_a_file_that_is_none_is_refused_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.json").write_text("[]", encoding="utf-8")
    assert main(["swap", str(tmp_path / "in.json"), "--out", str(tmp_path / "out.json")]) == 2
    assert "in.json" in capsys.readouterr().err
