"""What ``sourcespan eval`` is given → a suite: by a name, a file's kind, or what lies in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eval.errors import AnswerNotThere, NotASuite
from eval.suites.beir import RetrievalSuite, is_beir, read_beir, retrieval_of
from eval.suites.datasets import (
    ARTICLE,
    ARTICLE_QUESTIONS,
    EvalQuestion,
    Suite,
    in_words_of,
    locate,
    read_questions,
    sample,
    squad_suite,
)
from index.documents import DocumentDraft
from index.parsing.isolated import Parser
from rag.squad import read_squad


@dataclass(frozen=True, slots=True)
class Choice:
    """Which questions of a suite are asked, and of what."""

    documents: tuple[Path, ...] = ()
    """Files and folders that take the place of the suite's own documents; SQuAD files, whose paragraphs lie beside."""
    whole: bool = False
    """All paragraphs of a SQuAD file in one index, instead of each question's own."""
    absent: float = 0.0
    """Share of the paragraphs that are left out, if ``whole``."""
    retrieval: bool = False
    """Only whether the right document is found, among all."""
    limit: int | None = None
    seed: int = 0


def open_suite(target: str, choice: Choice, *, served: bool) -> Suite | RetrievalSuite:
    """The suite called ``target``, or the one in that file or folder.

    ``served``: a server is asked, which may hold the documents already. Raises NotASuite, AnswerNotThere, MalformedFile
    and what parsing raises.
    """
    path = Path(target)
    if target == "article":
        return _own_questions(ARTICLE.name, ARTICLE_QUESTIONS, choice.documents or (ARTICLE,), choice)
    if path.is_dir() and is_beir(path):
        return read_beir(path, limit=choice.limit, seed=choice.seed)
    if not path.is_file():
        raise NotASuite(target, "neither a suite's name (article), nor a file, nor a folder in BEIR's layout")
    if path.suffix.lower() in (".jsonl", ".csv"):
        if not choice.documents and not served:
            raise NotASuite(target, "say with --document which files are asked, or with --url which server")
        return _own_questions(path.name, path, choice.documents, choice)
    if {".json", ".gz"} & {ending.lower() for ending in path.suffixes}:
        beside = (replace(one, questions=()) for file in choice.documents for one in read_squad(file))
        suite = squad_suite(
            path.name,
            [*read_squad(path), *beside],
            whole=choice.whole or choice.retrieval,
            absent=choice.absent if choice.whole else 0.0,
            limit=choice.limit,
            seed=choice.seed,
        )
        if not suite.questions:
            raise NotASuite(target, "no question in it")
        return retrieval_of(suite) if choice.retrieval else suite
    raise NotASuite(target, "neither SQuAD JSON (.json, .json.gz) nor questions of your own (.jsonl, .csv)")


def _own_questions(name: str, questions: Path, documents: Sequence[Path], choice: Choice) -> Suite:
    with Parser() as parser:
        # a folder of documents may hold the questions too
        drafts = [
            parsed.draft_or_error()
            for parsed in parser.drafts_in(documents)
            if not (parsed.is_skipped or parsed.path == questions)
        ]
    asked = sample(read_questions(questions), choice.limit, choice.seed)
    if drafts:
        asked = _in_words_of_any(drafts, asked)
    title = ", ".join(draft.source for draft in drafts[:3]) if documents else ""
    return Suite(title or name, {draft.sha256: draft for draft in drafts}, asked)


def _in_words_of_any(drafts: Sequence[DocumentDraft], questions: Sequence[EvalQuestion]) -> tuple[EvalQuestion, ...]:
    text = "\n\n".join(draft.text for draft in drafts)
    lacking = [q for q in questions if q.accepted and not locate(text, q.accepted)]
    if lacking:
        raise AnswerNotThere([q.id for q in lacking], lacking[0].question)
    return tuple(in_words_of(text, question) for question in questions)
