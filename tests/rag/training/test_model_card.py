"""What a card takes over from the cards of the models that a reader came from."""

from __future__ import annotations

from pathlib import Path

from rag.config import DEFAULT_READER
from rag.models.loading import reader_folder
from rag.training.model_card import history, inherited_data

CARD = """\
# one

## Data and licences

| source | licence |
|---|---|
| poems | CC BY-SA 4.0 |

### Of the start point

MIT.

## Scores

Good.

## History

| run | made from | what it came to |
|---|---|---|
| zero | nothing | F1 1 ¹ |
| one | zero | F1 2 ¹ |

¹ Of three questions.
"""


def model(folder: Path, card: str = CARD) -> Path:
    folder.mkdir()
    (folder / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    return folder


def test_data_and_licences_are_taken_over_and_nothing_else(tmp_path: Path) -> None:
    lines = inherited_data(model(tmp_path / "one"))
    assert lines[0] == "### Of one, whose data and licences apply too"
    assert "| poems | CC BY-SA 4.0 |" in lines
    assert "##### Of the start point" in lines
    assert "Good." not in lines


def test_a_card_of_another_make_is_taken_over_whole(tmp_path: Path) -> None:
    lines = inherited_data(model(tmp_path / "other", "# Other\n\nLicence: MIT.\n"))
    assert lines[2:] == ["### Other", "", "Licence: MIT.", ""]


def test_a_model_without_a_card_is_named(tmp_path: Path) -> None:
    assert inherited_data(tmp_path / "bare") == ["bare has no card of its own here.", ""]
    assert history([tmp_path / "bare"], "| two | bare | F1 3 |")[4:] == ["| two | bare | F1 3 |", ""]


def test_models_of_one_descent_share_the_rows_of_their_history(tmp_path: Path) -> None:
    folders = [model(tmp_path / "one"), model(tmp_path / "copy")]
    assert history(folders, "| two | one, copy | F1 3 |") == [
        "## History",
        "",
        "| run | made from | what it came to |",
        "|---|---|---|",
        "| zero | nothing | F1 1 ¹ |",
        "| one | zero | F1 2 ¹ |",
        "| two | one, copy | F1 3 |",
        "",
        "¹ Of three questions.",
    ]


def test_the_bundled_card_has_what_cards_take_over() -> None:
    folder = reader_folder(DEFAULT_READER, allow_hub=False)
    assert "Share-alike text was trained on" in " ".join(inherited_data(folder))
    assert any(line.startswith(f"| **{DEFAULT_READER}** |") for line in history([folder], ""))
