from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.documents import DocumentDraft
from index.parsing import parse_bytes
from tests import strategies


def draft_of(text: str) -> DocumentDraft:
    return parse_bytes("notes.md", text.encode())


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a **bold** and *slanted* __word__ of `code_here`", "a bold and slanted word of code_here"),
        ("the function is called `release`, and it", "the function is called release, and it"),
        ("a [link](http://x 'y') to <http://y.org>, [ref][r]\n\n[r]: /z", "a link to http://y.org, ref"),
        ("an ![old ferry](f.png) here", "an old ferry here"),
        ("![alone](f.png)", "alone"),
        ("cost ~~5~~ 6 <!-- no --> euros<br>each", "cost 6 euros\neach"),
        ("one\nline", "one line"),
        ("H<sub>2</sub>O and 10<sup>5</sup>, 5 \\* 3 &lt; 4", "H₂O and 10⁵, 5 * 3 < 4"),
        ("a List<String> for <your-name>, in <b>bold</b>", "a List<String> for <your-name>, in bold"),
        ("# Title {#anchor .big}\n\ntext", "Title\n\ntext"),
        ("By train\n========\n\nIt leaves.", "By train\n\nIt leaves."),
        ("> quoted\n> words", "quoted words"),
        ("- one\n- two\n  - three", "- one\n- two\n- three"),
        ("3. three\n4. four", "3. three\n4. four"),
        ("- [x] done\n- [ ] open", "- ☑ done\n- ☐ open"),
        ("| a | b |\n|---|---|\n| `x \\| y` | **z** |", "a | b\nx | y | z"),
        ("```py\ndef f():\n\n    **x**\n```", "def f():\n\n    **x**"),
        ("text\n\n    indented  code", "text\n\nindented  code"),
        ("Sunk in 1931[^1].\n\n[^1]: By *fire*.", "Sunk in 1931¹.\n\n¹ By fire."),
        ("Sunk.\n\n[^a]: fire", "Sunk.\n\n¹ fire"),
        ("<details><summary>Why?</summary>\n\nSo **it** is.\n\n</details>", "Why?\n\nSo it is."),
        ("<div hidden>\n\nno\n\n</div>\n\nyes", "yes"),
        ("<table><tr><th>a<th>b<tr><td>1<td>2</table>", "a | b\n1 | 2"),
        ("Term\n: What it *means*", "Term\nWhat it means"),
        ("{{#include ../x.rs}}\n\nkept {{path}}", "kept {{path}}"),
        ('!!! note "Mind"\n\n    The *gap*.\n\n        code\n\nback', "Mind\n\nThe gap.\n\ncode\n\nback"),
        ('??? question "Is it so?"\n    It is.\n\n    !!! tip\n        Deep.', "Is it so?\n\nIt is.\n\nTip\n\nDeep."),
        ("> [!NOTE]\n> Useful.\n\n> [!tip]- Mind\n> the *gap*", "Note\n\nUseful.\n\nMind\n\nthe gap"),
        ("It reads\n\n    > [!NOTE]\n    > kept", "It reads\n\n> [!NOTE]\n> kept"),
        ("::: warning Careful\ntext\n:::", "Careful\n\ntext"),
        ("{% include x %}\ntext\n{{< /note >}}", "text"),
        ("```\n::: kept\n!!! kept\n```", "::: kept\n!!! kept"),
    ],
)
def test_markdown_reads_as_it_is_published(text: str, read: str) -> None:
    assert draft_of(text).text == read


@pytest.mark.parametrize(
    ("front", "title", "read"),
    [
        ("---\ntitle: Ferries\ndate: 2024-01-02\n---\n", "Ferries", "Ferries\n\ndate: 2024-01-02\n\nText."),
        ('---\ntitle: "A: b"\n...\n', "A: b", "A: b\n\nText."),
        (
            "---\ntags: [a, 'b']\nby:\n  - Ann Lee\n  - Bo\nx:\n  y: 1\n---\n",
            "notes",
            "tags: a, b\nby: Ann Lee, Bo\n\nText.",
        ),
        ('+++\ntitle = "Ferries"\ntags = ["a", "b"]\n+++\n', "Ferries", "Ferries\n\ntags: a, b\n\nText."),
        ("---\n---\n", "notes", "Text."),
    ],
)
def test_fields_ahead_of_the_text_are_read(front: str, title: str, read: str) -> None:
    draft = draft_of(f"{front}Text.\n")
    assert (draft.title, draft.text) == (title, read)


def test_a_title_that_is_the_first_heading_stands_there_once() -> None:
    draft = draft_of("---\ntitle: Ferries\n---\n# *Ferries*\n\nText.")
    assert draft.text == "Ferries\n\nText."
    assert [(heading.level, heading.start) for heading in draft.outline.headings] == [(1, 0)]


def test_rules_of_a_list_are_its_items() -> None:
    draft = draft_of(
        "## Rules\n\n- Each reader has one desk.\n- A desk holds *four* books.\n\n## Keeper\n\nBy the door."
    )
    assert draft.text == "Rules\n\n- Each reader has one desk.\n- A desk holds four books.\n\nKeeper\n\nBy the door."
    assert [(h.level, h.text, h.start) for h in draft.outline.headings] == [
        (2, "Rules", 0),
        (2, "Keeper", draft.text.index("Keeper")),
    ]


@given(st.lists(st.tuples(st.integers(0, 6), strategies.words), min_size=1, max_size=12))
def test_headings_of_markdown_stand_where_the_outline_says(blocks: list[tuple[int, str]]) -> None:
    draft = draft_of("\n\n".join(f"{'#' * level} {words}" if level else words for level, words in blocks))
    assert draft.text == "\n\n".join(words for _, words in blocks)
    for heading in draft.outline.headings:
        assert draft.text[heading.start :].split("\n")[0] == heading.text
    assert [(h.level, h.text) for h in draft.outline.headings] == [block for block in blocks if block[0]]


@pytest.mark.parametrize(
    "repeated",
    ["# <![CDATA[", "[", "![", "**a ", "`", "<a ", "[^a]", "a\n: ", "!!! x\n", "a<!--", "{{#", "|a", "\n---\n"],
)
def test_what_repeats_is_read(repeated: str) -> None:
    assert draft_of("start\n\n" + repeated * 20_000).text.startswith("start")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"The slope is $\frac{3}{40}$.", "The slope is 3/40."),
        ("so $x_1 < 2$ and $n$ more", "so x₁ < 2 and n more"),
        ("$$\n10^{5}\n$$", "10⁵"),
        ("for $5 and $6, $5-$6, $5/$6 or US$5 to US$6", "for $5 and $6, $5-$6, $5/$6 or US$5 to US$6"),
        ("in $HOME/$USER and `$x^2$`", "in $HOME/$USER and $x^2$"),
    ],
)
def test_formulas_read_as_people_would_type_them_and_money_stays(source: str, text: str) -> None:
    assert draft_of(source).text == text
