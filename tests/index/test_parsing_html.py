from __future__ import annotations

import pytest

from index.parsing import parse_bytes


def text_of(html: str) -> str:
    return parse_bytes("a.html", html.encode()).text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one   two\n three<p>four", "one two three\n\nfour"),
        ("<p>a <b>bold</b> wo<i>rd</i>, a <a href=x>link</a>", "a bold word, a link"),
        ("<p>line<br>line<br/><br>line</p>", "line\nline\nline"),
        ("<p>5 &lt; 6 &amp; caf&eacute; &#x1F44D;", "5 < 6 & café 👍"),
        ("<p>cafe\u0301", "café"),
        ("<ul><li>one<li><p>two</p><p>more</p></ul>", "- one\n\n- two\n\nmore"),
        ("<table><tr><th>Item<th>Price<tr><td><p>Tea</p><td><div>2 €</div></table>", "Item | Price\n\nTea | 2 €"),
        ("<table><tr><td><h2>Laid out</h2><p>as a table</table>", "Laid out\n\nas a table"),
        ("<pre>  a\n    b\n</pre>after", "  a\n    b\n\nafter"),
        ("<nav>menu</nav><script>x</script><style>y</style><p>seen<!-- no --><noscript>z</noscript>", "seen"),
        ("<div>text <input> goes on<hr>here", "text goes on\n\nhere"),
        ("no tags at all", "no tags at all"),
        ("<p>never closed <b>", "never closed"),
    ],
)
def test_what_a_reader_sees_is_kept(html: str, text: str) -> None:
    assert text_of(html) == text


def test_the_title_of_the_page_comes_before_its_first_heading() -> None:
    assert parse_bytes("a.html", b"<title>Page &amp; Co</title><h1>Heading</h1>").title == "Page & Co"
    assert parse_bytes("a.html", b"<h2>Heading</h2><h1>Other</h1>").title == "Heading"
    assert parse_bytes("a.html", b"<svg><title>Icon</title></svg><p>x").title == "a"


@pytest.mark.parametrize(
    ("declared", "encoding", "text"),
    [
        ("windows-1251", "cp1251", "Покупатель платит"),
        ("ISO-8859-1", "cp1252", "“smart” – €5"),
        ("shift_jis", "shift_jis", "買主は支払う"),
        ("nonsense", "cp1252", "Der Käufer zahlt für verspätete Lieferungen."),
        ("iso-8859-1", "utf-8", "Der Käufer, right after all"),
    ],
)
def test_a_declared_encoding_is_believed_where_it_must_be(declared: str, encoding: str, text: str) -> None:
    html = f'<meta http-equiv="Content-Type" content="text/html; charset={declared}"><p>{text}'
    assert parse_bytes("a.html", html.encode(encoding)).text == text


def test_deep_nesting_is_read_in_one_pass() -> None:
    assert text_of("<div>" * 100_000 + "x" + "</div>" * 100_000) == "x"
