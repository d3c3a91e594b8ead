"""What stands in a document or in the name of a file is shown in a terminal, never obeyed by it."""

from __future__ import annotations

import io
import json
import re
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.progress import Progress
from rich.table import Table
from typer.testing import CliRunner, Result

from api.cli import app, main
from api.commands import terminal
from index.documents import DocumentDraft
from index.errors import SourcespanError
from index.passage_index import PassageIndex
from index.upkeep.finding import Finding
from index.upkeep.terminal import Console, escaped, escaped_line
from rag.engine import Sourcespan
from tests.conftest import fake_library
from tests.fakes import BagOfWordsEmbedder

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil\u2066\u2028\x7f\r\b\U000e0041\x00\t"
# anything, but often what a terminal obeys
TEXTS = st.text(st.one_of(st.sampled_from(HOSTILE), st.characters(exclude_categories=["Cs"])), max_size=40)
# but for U+0000, which nothing that is stored holds
STORABLE, STORED = HOSTILE.replace("\0", ""), TEXTS.map(lambda text: text.replace("\0", ""))


def obeyed(printed: str) -> list[str]:
    """The characters of ``printed`` that a terminal acts on."""
    return [
        character
        for character in printed
        if (unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} and character != "\n")
        or unicodedata.bidirectional(character) in {"LRO", "RLO", "LRE", "RLE", "PDF", "LRI", "RLI", "FSI", "PDI"}
        or 0xE0000 <= ord(character) <= 0xE007F
    ]


def run(*arguments: str) -> Result:
    """The command, in this process; nothing of what it printed may be obeyed."""
    ran = CliRunner().invoke(app, list(arguments))
    assert obeyed(ran.output) == []
    assert obeyed(ran.stderr) == []
    return ran


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Models that need no loading."""
    opened: list[Sourcespan] = []

    def open_library(data: Path, *_: object, **__: object) -> Sourcespan:
        opened.append(fake_library(PassageIndex(data, BagOfWordsEmbedder())))
        return opened[-1]

    monkeypatch.setattr(Sourcespan, "open", open_library)
    yield
    for library in opened:
        library.close()


@example(STORABLE, STORABLE, STORABLE)
@given(text=STORED, title=STORED, source=STORED)
def test_answers_are_shown(text: str, title: str, source: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with PassageIndex(Path(folder), BagOfWordsEmbedder()) as index:
            draft = DocumentDraft(title or "t", f"{text} The ferry {text} leaves {text}.", source=source or "s")
            stored, _ = index.add(draft)
        for question in (f"«ferry {text} leaves»?", "guess?"):
            run("ask", question, "--data", folder)
            as_json = run("ask", question, "--data", folder, "--json", "--min-confidence", "0")
            if as_json.exit_code == 0:
                assert json.loads(as_json.stdout)["answers"][0]["document"]["title"] == stored.title


def test_names_of_files_are_shown(tmp_path: Path) -> None:
    name = HOSTILE.replace("\x00", "").replace("/", "") + "\nknown   innocent.txt"
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / f"{name}.txt").write_text("The ferry leaves.")
    (docs / f"{name}.pdf").write_text("no PDF")
    (docs / "bytes\udc9b\udcff.txt").write_text("The ferry arrives.")
    data = str(tmp_path / "data")
    ran = run("index", str(docs), "--data", data)
    assert ran.exit_code == 2
    assert not re.search(r"^known", ran.stdout, re.MULTILINE), "a name ends no line"
    assert r"\x1b" in ran.stdout
    again = run("index", str(docs), "--data", data, "--json")
    assert {name in json.loads(line)["path"] for line in again.stdout.splitlines()} == {True, False}
    run("ask", "«ferry leaves»?", "--data", data)


def test_what_is_wrong_on_the_command_line_is_shown(tmp_path: Path) -> None:
    hostile = HOSTILE.replace("\x00", "")
    for arguments in (
        ["index", str(tmp_path / hostile)],
        [hostile],
        ["ask", "a", f"--{hostile}"],
        ["key", "--scope", hostile],
    ):
        assert run(*arguments).exit_code == 2


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_findings_of_the_doctor_are_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, as_json: Sequence[str]
) -> None:
    finding = Finding(HOSTILE, "fault", HOSTILE, HOSTILE)
    monkeypatch.setattr("rag.doctor.examine_all", lambda *_: iter([finding]))
    ran = run("doctor", "--data", str(tmp_path), *as_json)
    assert ran.exit_code == 1
    if as_json:
        assert json.loads(ran.stdout)[0]["says"] == HOSTILE


def test_errors_are_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        print(HOSTILE)
        raise SourcespanError(HOSTILE)

    monkeypatch.setattr("api.cli.app", fail)
    with pytest.raises(SystemExit):
        main()
    told = capsys.readouterr()
    assert obeyed(told.out + told.err) == []
    assert json.loads(f'"{told.out.strip()}"') == HOSTILE


@given(TEXTS)
@example(HOSTILE)
def test_a_console_shows_text_and_still_has_colours_bars_and_tables(text: str) -> None:
    written = io.StringIO()
    console = Console(file=written, width=80)
    console.print(text, style="bold")
    table = Table(text, title=text)
    table.add_row(text)
    console.print(table)
    with Progress(console=console) as progress:
        progress.add_task(text.replace("[", ""), total=1)
    assert obeyed(written.getvalue()) == []
    coloured = io.StringIO()
    styled = Console(file=coloured)
    styled._color_system = ColorSystem.STANDARD
    styled.print("plain", style="red")
    assert coloured.getvalue() == "\x1b[31mplain\x1b[0m\n"


def test_brackets_and_colons_are_text_not_markup() -> None:
    written = io.StringIO()
    Console(file=written).print("[red]a[/red] [/] :smile: [link=http://x]b[/link]")
    assert written.getvalue() == "[red]a[/red] [/] :smile: [link=http://x]b[/link]\n"


@given(st.text())
def test_only_what_is_obeyed_is_changed(text: str) -> None:
    assert obeyed(escaped(text)) == []
    assert "\n" not in escaped_line(text)
    if not re.search("[^ -~\n]", text):
        assert escaped(text) == text


def test_family_emoji_and_other_scripts_stay_as_they_are() -> None:
    for text in ("👩‍👧 Füße Ελλάδα ελληνικά 日本語 العربية עברית", "na\u0308ive"):
        assert escaped(text) == text


def test_nobody_prints_past_it() -> None:
    root = Path(terminal.__file__).parents[1]
    for folder in ("api", "eval", "rag", "index"):
        for module in (root / folder).rglob("*.py"):
            imports_rich_console = "rich.console import Console" in module.read_text(encoding="utf-8")
            assert not imports_rich_console or module.name == "terminal.py", module
            assert "sys.__std" not in module.read_text(encoding="utf-8"), module
