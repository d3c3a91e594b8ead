from __future__ import annotations

from collections.abc import Sequence

import pytest

from index.parsing import parse_bytes
from index.parsing.content import Content, File
from index.parsing.html import html as read_html

LINKS = [f'<a href="{name}.html">{name}</a>' for name in ("Home", "Weather", "Sport", "Travel", "Culture")]
BODY = "<p>The ferry ran aground off Haldane at 5 a.m. and nobody was hurt.</p>"
ARTICLE = f"<h1>Ferry runs aground</h1>{BODY}"
READ = "Ferry runs aground\n\nThe ferry ran aground off Haldane at 5 a.m. and nobody was hurt."


def text_of(html: str) -> str:
    return parse_bytes("a.html", html.encode()).text


def content_of(html: str) -> Content:
    return read_html(File("a.html", html.encode()))


def listed(links: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{link}</li>' for link in links)}</ul>"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one   two\n three<p>four", "one two three\n\nfour"),
        ("<p>a <b>bold</b> wo<i>rd</i>, a <a href=x>link</a>", "a bold word, a link"),
        ("<p>line<br>line<br/><br>line</p>", "line\nline\n\nline"),
        ("<p>5 &lt; 6 &amp; caf&eacute; &#x1F44D;", "5 < 6 & café 👍"),
        ("<p>cafe\u0301", "café"),
        ("<ul><li>one<li><p>two</p><p>more</p></ul>", "- one\n- two\n\nmore"),
        ("<table><tr><th>Item<th>Price<tr><td><p>Tea</p><td><div>2 €</div></table>", "Item | Price\nTea | 2 €"),
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


@pytest.mark.parametrize(
    "hidden",
    [
        "<p hidden>Draft</p>",
        '<div style="display:none"><p>Draft</p></div>',
        '<div style="color: red; DISPLAY : none !important"><p>Draft</p></div>',
        '<span style="visibility: hidden">Draft</span>',
        '<p style="position:absolute; left:-9999px">Draft</p>',
        "<dialog><p>Draft</p></dialog>",
        "<template><p>Draft</p></template>",
        "<ix:header><ix:hidden><p>Draft</p></ix:hidden></ix:header>",
        "<style>.gone, p.x {display: none}</style><p class='a gone'>Draft</p>",
        "<style>#d{display:none}</style><p id=d>Draft</p>",
        "<style>.a .b, #c > p, > {display:none}</style><i class=a><b class=b>Draft</b></i><div id=c><p>Draft</p></div>",
        "<style>p{display:block} p.a.b, aside{display:none}</style><p class='b c a'>Draft</p><aside>Draft</aside>",
        "<p><del>Draft</del><s>Draft</s><strike>Draft</strike></p>",
        "<video>Draft</video><canvas>Draft</canvas><datalist><option>Draft</datalist>",
        '<input type="hidden" value="Draft"><input type="password" value="Draft">',
    ],
)
def test_what_nobody_sees_is_left_out(hidden: str) -> None:
    assert text_of(f"{hidden}<p>The fair opens on 4 June.</p>") == "The fair opens on 4 June."
    assert text_of(f"<p>The fair opens on 4 June.</p>{hidden}") == "The fair opens on 4 June."


@pytest.mark.parametrize(
    "shown",
    [
        "<p hidden=until-found>Seen</p>",
        "<dialog open><p>Seen</p></dialog>",
        "<body style='visibility:hidden'><p>Seen</p>",
        "<style>@media print {.x{display:none}}</style><p class=x>Seen</p>",
        "<style>.tab{display:none} .tab.active{display:block}</style><p class=tab>Seen</p>",
        "<style>.tab{display:none}</style><p class=tab style='display:block'>Seen</p>",
        "<style>.a.b{display:none}</style><p class=a>Seen</p>",
        "<style>.a .b, p + p, p:empty{display:none}</style><p class=b>Seen</p>",
        "<p aria-hidden=true>Seen</p>",
        "<section style='opacity:0'><p>Seen</p></section>",
        "<h2><span style='opacity:0'>Se</span><span style='opacity:0'>en</span></h2>",
        "<p style='font-size:0'><span style='font-size:12px'>Seen</span>",
        "<p class='sr-only md:not-sr-only'>Seen",
        "<p style='color:white;background:navy'>Seen",
        "<p><i class=tick></i> <span class=sr-only>Seen</span>",
        "<div><template shadowrootmode=open><p>Seen</p></template></div>",
        "<nav-free-element><p>Seen</p></nav-free-element>",
    ],
)
def test_what_may_be_seen_is_kept(shown: str) -> None:
    assert text_of(shown) == "Seen"


@pytest.mark.parametrize(
    "attributes",
    [
        "class='sr-only'",
        "class='box VisuallyHidden_root__a1'",
        "class='screen-reader-text'",
        "class='away'",
        "style='position:absolute; clip: rect(0 0 0 0)'",
        "style='clip-path: inset(50%)'",
        "style='text-indent:-9999px'",
        "style='margin-left: -999em'",
        "style='font-size:0px'",
        "style='opacity: 0.0;'",
        "style='color:#FFFFFF; font-size:9px; background: white'",
    ],
)
def test_words_that_are_only_read_aloud_are_not_joined_to_what_is_seen(attributes: str) -> None:
    sheet = "<style>.away{clip:rect(1px,1px,1px,1px)}.away:focus{clip:auto}</style>"
    content = content_of(f"{sheet}<p>The fee is 1<span {attributes}>0</span> €")
    assert (content.text, content.notes) == ("The fee is 1 €", ("left out as hidden on the page: “0”",))


def test_what_is_left_out_is_told() -> None:
    content = content_of(f"<p hidden>Draft</p>{listed(LINKS)}{ARTICLE}<p hidden>More</p>")
    assert content.notes == (
        "left out as hidden on the page: “Draft” and 1 more",
        "left out as menus, lists of links and notices around the content: “Home Weather Sport Travel Culture”",
    )
    assert content_of(ARTICLE).notes == ()


@pytest.mark.parametrize(
    "page",
    [
        f"<nav>{listed(LINKS)}</nav>{ARTICLE}",
        f'<div role="navigation">{listed(LINKS)}</div>{ARTICLE}',
        f"<div>{listed(LINKS)}</div>{ARTICLE}",
        f"<div>{' '.join(LINKS)}</div>{ARTICLE}",
        f"<p>{' | '.join(LINKS)}</p>{ARTICLE}",
        f"<table><tr>{''.join(f'<td>{link}</td>' for link in LINKS)}</tr></table>{ARTICLE}",
        f"<table><tr><td>{'<br>'.join(LINKS)}</td><td>{ARTICLE}</td></tr></table>",
        f"<table><tr><td>{ARTICLE}{BODY * 4}</td><td>{'<br>'.join(LINKS)}</td></tr></table>",
        f"<div><a href=en>Weather</a> | <a href=de>Sport</a></div>{ARTICLE}",
        f'<div class="breadcrumbs"><a href=n>Weather</a> &gt; Ferry runs aground</div>{ARTICLE}',
        f'<ol aria-label="breadcrumb"><li><a href=n>Weather</a><li>Ferry</ol>{ARTICLE}',
        f'{ARTICLE}<div id="footer">Contact | {" | ".join(LINKS)} | Find us</div>',
        f"<a href=#main>Skip to content</a><main id=main>{ARTICLE}</main>",
        f"{ARTICLE}<footer>{listed(LINKS)}</footer>",
        f"{ARTICLE}<div role=contentinfo>{listed(LINKS[:2])}</div>",
        f"{ARTICLE}<div>{listed(LINKS)}</div>",
        f"{ARTICLE}<p>{' · '.join(LINKS)}</p><p>© 2024 The Haldane Paper. All rights reserved, on all the seas.</p>",
        f'<h1>Ferry runs aground</h1><div class="main-menu">{listed(LINKS)}</div>{BODY}',
        f'<h1>Ferry runs aground</h1><aside class="sidebar">{listed(LINKS)}</aside>{BODY}',
        f"{ARTICLE}<h2>Related articles</h2>{listed(LINKS)}<p>And so on, until all of the cargo was ashore again.",
        f'{ARTICLE}<div class="related"><h3>Elsewhere</h3><a href=x>Storm</a><p>It blew.</p></div>',
        f"{listed([f'<a lang=de hreflang=de href={n}>{n}</a>' for n in ('Deutsch', 'Dansk', 'Suomi')])}{ARTICLE}",
        f'{ARTICLE}<div id="cookie-banner">We use cookies. <button>OK</button></div>',
        f"<div><div><p>We use cookies to improve this page.</p><button>Accept all</button></div></div>{ARTICLE}",
        f"{ARTICLE}<section><span>Wir nutzen Cookies.</span> <a href=#>Akzeptieren</a></section>",
    ],
)
def test_menus_and_notices_are_left_out_whatever_they_are_made_of(page: str) -> None:
    text = text_of(page)
    assert text.startswith(READ)
    assert not any(word in text for word in ("Weather", "ookies", "Skip", "Dansk", "Related", "Storm", "Elsewhere"))


@pytest.mark.parametrize(
    ("page", "kept"),
    [
        (listed(LINKS), "Weather"),
        (f"<h1>Forms</h1>{listed(LINKS)}", "Weather"),
        (f"{ARTICLE}<h2>Where to read on</h2>{listed(LINKS)}", "Weather"),
        (f"<h1>Ferries</h1><p>There are these:</p>{listed(LINKS)}{BODY}", "Weather"),
        (
            f"{ARTICLE}<p>It had come from <a href=x>the Elba</a>, <a href=y>Corsica</a> and <a href=z>Genoa</a>.",
            "Genoa",
        ),
        (f"{ARTICLE}<table><tr><th>Port<th>Ferries<tr><td>Haldane<td>{' '.join(LINKS)}</table>", "Weather"),
        (f'<body class="menu nav sidebar">{ARTICLE}', "aground"),
        ('<div class="cookies"><h1>Cookies</h1><p>Bake the cookies. <button>OK</button></p></div>', "Bake"),
        (f"{ARTICLE}<footer><p>Haldane Paper, 4 Quay Street, tel. 555 0199</p></footer>", "555 0199"),
        (f"<header>{ARTICLE}<p>By Ann Lee</p></header>", "Ann Lee"),
        (f"{ARTICLE}<footer><a href='mailto:a@b.org'>a@b.org</a> <a href='tel:5'>555 0199</a></footer>", "555 0199"),
        (f'{ARTICLE}<div class="post-footer">By <a href=l>Ann Lee</a> at <a href=t>12:06</a></div>', "Ann Lee"),
        (f"<header><h1>Haldane Paper</h1>{listed(LINKS)}</header><h2>Ferry</h2>{BODY}", "Haldane Paper"),
        (f"{ARTICLE}<aside><p>A fathom is 1.83 metres.</p></aside>", "fathom"),
    ],
)
def test_content_is_kept_though_it_looks_like_a_menu(page: str, kept: str) -> None:
    assert kept in text_of(page)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("in 1931<sup>1</sup> and 10<sup>5</sup>, CO<sub>2</sub>", "in 1931¹ and 10⁵, CO₂"),
        ("noted<sup>1,2</sup> there<sup><a href=#n>[12]</a></sup>, the 1<sup>st</sup>", "noted¹,² there[12], the 1st"),
        ("<sup>3</sup>/<sub>40</sub> and 1<sup>1</sup>&frasl;<sub>2</sub>", "3/40 and 1 1/2"),
        ("x<sup>max</sup>, v<sub>max</sub>, A<sup>TM</sup>", "x^max, v_max, A™"),
        ('5<span style="vertical-align: super">2</span>', "5²"),
        ("<style>.c3{vertical-align:super;font-size:60%}</style>40 m<span class=c3>2</span>", "40 m²"),
        ("<style>.c3{vertical-align:super}</style>1<span class=c3 style='vertical-align:baseline'>2</span>", "12"),
        ("<style>.c4{vertical-align:sub}</style>10<span class=c4>2</span>", "10₂"),
        ("<style>.c2 {text-decoration: line-through}</style>cost <span class=c2>5</span> 6", "cost 6"),
        (
            "cost <span style='text-decoration:line-through'>5</span> 6 <u style='text-decoration:underline'>now</u>",
            "cost 6 now",
        ),
        ("slope \\(\\frac{3}{40}\\), load $$10^{5}$$, for $5 and $6", "slope 3/40, load 10⁵, for $5 and $6"),
        ("type <code>s/\\(a\\)/b/</code>", "type s/\\(a\\)/b/"),
        ("slope <script type='math/tex'>\\frac{3}{40}</script>", "slope 3/40"),
        ("7 <span class=MathJax>x²</span><script type='math/tex'>x^2</script>", "7 x²"),
        ("<math><mfrac><mn>3</mn><mn>40</mn></mfrac></math> of it", "3/40 of it"),
        ("<math><mn>2</mn><mfrac><mn>1</mn><mn>2</mn></mfrac></math>", "2 1/2"),
        (
            "<math><msup><mn>10</mn><mrow><mo>-</mo><mn>5</mn></mrow></msup><mo>=</mo><msub><mi>x</mi><mn>1</mn></msub></math>",
            "10⁻⁵ = x₁",
        ),
        ("<math><msqrt><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow></msqrt></math>", "√(a + b)"),
        ("<math><semantics><mn>4</mn><annotation encoding=x>\\frac</annotation></semantics></math>", "4"),
        ('<span><span><math><mn>7</mn></math></span><span aria-hidden="true">7</span></span> left', "7 left"),
        ('<span style="display:none"><math><mn>7</mn></math></span><img aria-hidden=true alt="7"> left', "7 left"),
        (
            "paid $<ix:nonfraction>39,096</ix:nonfraction> for <my-term>the suit</my-term>.",
            "paid $39,096 for the suit.",
        ),
        ("cost <del>5</del><ins>6</ins> euros", "cost 6 euros"),
        ("some<wbr>thing soft&shy;ly, <q>quoted</q>", "something softly, “quoted”"),
        ("<ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby>", "漢字(かんじ)"),
        ("press <img alt=Ctrl src=x> and <button>Save</button>", "press Ctrl and Save"),
        ('Name <input value="Ann Lee"><select><option>S<option selected>L</select>', "Name Ann Lee L"),
        (
            "<input type=checkbox checked> yes <input type=checkbox> no <textarea>my note</textarea>",
            "☑ yes ☐ no my note",
        ),
        ("a<br>b", "a\nb"),
        ('one <div style="display:inline">line</div> only', "one line only"),
    ],
)
def test_lines_read_as_they_are_seen(html: str, text: str) -> None:
    assert text_of(f"<p>{html}</p>" if "<div" not in html else html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<ol><li>a<li>b<ol type=a><li>c</ol><li>d</ol>", "1. a\n2. b\na. c\n3. d"),
        ("<ol start=9><li>a<li value=20>b<li>c</ol>", "9. a\n20. b\n21. c"),
        ("<ol reversed><li>a<li>b</ol><ol reversed start=5 type=I><li>a<li>b</ol>", "2. a\n1. b\nV. a\nIV. b"),
        ("<ol type=A start=26><li>a<li>b</ol>", "Z. a\nAA. b"),
        ('<ol style="list-style-type: lower-roman"><li>a<li>b</ol>', "i. a\nii. b"),
        (
            "<dl><dt>Fee</dt><dd>5 euros</dd><dt>Term</dt><dd><p>A day</p><p>or two</p></dd></dl>",
            "Fee\n5 euros\n\nTerm\nA day\n\nor two",
        ),
        ("<h3><button>Where?</button></h3><p>Here.", "Where?\n\nHere."),
        ("<button>May dogs come in?</button><p>Yes.</p><button>OK</button>", "May dogs come in?\n\nYes."),
        ("<details><summary>Opening hours</summary>At five.</details>", "Opening hours\n\nAt five."),
        ("<figure><img alt=x><figcaption>The <i>Elba</i></figcaption></figure>", "The Elba"),
        ("<h2>Install<a href=#i>¶</a></h2><p>So.", "Install\n\nSo."),
    ],
)
def test_lists_questions_and_captions(html: str, text: str) -> None:
    assert text_of(html) == text


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("<caption>Prices</caption><tr><th>Item<th>Price<tr><td>Tea<td>2", "Prices\n\nItem | Price\nTea | 2"),
        (
            "<tr><th rowspan=2>Item<th colspan=2>Price<tr><th>Old<th>New<tr><td>Tea<td>1<td>2",
            "Item | Price\nItem | Old | New\nTea | 1 | 2",
        ),
        ("<tr><td rowspan=2>Tea<td>1<tr><td>2", "Tea | 1\nTea | 2"),
        ("<tr><td>Tea<td>old<br>new<td>1<br>2", "Tea | old | 1\nTea | new | 2"),
        ("<tr><th><th>A<tr><th>x<td>1", " | A\nx | 1"),
        ("<tr><th>A<th>B<tr><td>1<td><table><tr><td>2<td>3</table>", "A | B\n1 | 2, 3"),
        ("<tr><td>Left<td><table><tr><th>A<th>B<tr><td>1<td>2</table>", "Left\n\nA | B\n1 | 2"),
        (
            "<tr><td>Tea<td><table><tr><td>small<td>1<tr><td>large<td>2</table><tr><td>Milk<td>3<tr><td>Juice<td>4"
            "<tr><td colspan=2><table><tr><th>A<th>B<tr><td>1<td>2</table>",
            "Tea | small, 1; large, 2\nMilk | 3\nJuice | 4\n\nA | B\n1 | 2",
        ),
        ("<tr><td>•<td>First point.<tr><td>•<td>Second.", "• First point.\n• Second."),
        (
            "<tr><td>Year<td><td colspan=2>2021<td><td colspan=2>2020<tr><td>Sum<td><td>$<td>5<td><td>$<td>4",
            "Year | 2021 | 2020\nSum | $5 | $4",
        ),
        ("<tr><td>Loss<td>(3<td>)<td>7<td>%<tr><td>Gain<td>2<td><td>8<td>%", "Loss | (3) | 7%\nGain | 2 | 8%"),
        ("<tr><td>1<td><code>ls</code><tr><td>2<td><code>cd</code>", "1 | ls\n2 | cd"),
        ("<tr><th>Runs<th>Linux<tr><td>Ferry<td><img alt=yes>", "Runs | Linux\nFerry | yes"),
    ],
)
def test_tables_are_rows_of_cells(table: str, text: str) -> None:
    assert text_of(f"<table>{table}</table>") == text


@pytest.mark.parametrize(
    ("table", "headers"),
    [
        ("<thead><tr><td>Item<td>Price</thead><tr><td>Tea<td>1", [("Item", "Price")]),
        ("<tr><td><p><b>Item</b></p><td><strong>Price</strong><tr><td>Tea<td>1", [("Item", "Price")]),
        ("<tr><td><b>Item</b><td>Price<tr><td>Tea<td>1", []),
        ("<tr><td><b>Item</b><td><b>Price</b><tr><td><b>Tea</b><td>1", []),
    ],
)
def test_cells_may_be_headers_by_their_place_or_their_type(table: str, headers: list[tuple[str, ...]]) -> None:
    blocks = content_of(f"<p>Sold:<table>{table}</table>").outline.blocks
    assert [block.columns.headers for block in blocks if block.columns] == headers


def test_the_foot_of_a_table_is_below() -> None:
    table = "<table><thead><tr><th>A<th>B</thead><tfoot><tr><td>Sum<td>9</tfoot><tbody><tr><td>x<td>9</tbody></table>"
    assert text_of(table) == "A | B\nx | 9\nSum | 9"


@pytest.mark.parametrize(
    "listing",
    [
        "<table class=highlighttable><tr><td class=linenos><pre>1\n2</pre>"
        "<td class=code><pre>if x:\n    <b>y</b>\n</pre></table>",
        "<table class=highlight><tr><td class=blob-num data-line-number=1><td class=blob-code>if x:"
        "<tr><td class=blob-num><td class=blob-code>    <b>y</b></table>",
        "<table class=code><tr><td>7<td><code>if x:</code><tr><td>8<td><code>    y</code></table>",
        "<pre><span class=linenos>1</span>if x:\n<span class=linenos>2</span>    y</pre>",
        "<pre><span style='display:block'>if x:<br></span><span style='display:block'>    y<br></span></pre>",
        "<pre><div>if x:</div><div>    y</div></pre>",
    ],
)
def test_code_is_read_without_the_numbers_of_its_lines(listing: str) -> None:
    content = content_of(f"<p>It reads:{listing}")
    assert content.text == "It reads:\n\nif x:\n    y"
    assert [block.kind for block in content.outline.blocks] == ["paragraph", "code"]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            "<h2>You need</h2><div class=i><div class=q><span>1/4</span></div><div>cup butter</div></div>"
            "<div class=i><div class=q>2</div><div><span hidden>!</span><b>large</b> eggs</div></div><p>Mix.",
            "You need\n\n1/4 | cup butter\n2 | large eggs\n\nMix.",
        ),
        (
            "<div role=table><div role=rowgroup><div role=row><span role=columnheader>Item</span>"
            "<span role=columnheader>Price</span></div></div><div role=rowgroup><div role=row>"
            "<span role=cell>Tea</span><span role=cell>2</span></div></div></div>",
            "Item | Price\nTea | 2",
        ),
    ],
)
def test_rows_that_the_markup_calls_no_table(html: str, text: str) -> None:
    assert text_of(html) == text


@pytest.mark.parametrize(
    "html",
    [
        "<div><p>Name</p><p>Ann</p></div>",  # one box alone
        "<div><p>It rains.</p><p>We stay.</p></div><div><p>It snows.</p><p>We go.</p></div>",
        "<div><h3>Ann</h3><p>Chair</p></div><div><h3>Bo</h3><p>Clerk</p></div>",
        "<div><p>One</p><p>Two</p></div>between<div><p>Three</p><p>Four</p></div>",
        "<div><p>Ann</p><p><a href=x>Chair</a></p></div><div><p>Bo</p><p><a href=x>Clerk</a></p></div>",
    ],
)
def test_boxes_that_are_no_rows(html: str) -> None:
    assert " | " not in text_of(html)


def test_a_table_that_lays_out_the_page_is_none() -> None:
    text = text_of("<table role=presentation><tr><td>One</td><td>Two</td></tr></table>")
    assert text == "One\n\nTwo"
    long = "It was said. " * 200
    assert text_of(f"<table><tr><td>{long}</td><td><p>Aside</p></td></tr></table>") == f"{long.strip()}\n\nAside"


def test_xhtml_closes_elements_at_once() -> None:
    page = (
        b'<?xml version="1.0" encoding="iso-8859-1"?><html><head><title/><script src="x"/></head><p>caf\xe9</p></html>'
    )
    assert parse_bytes("a.html", page).text == "café"


@pytest.mark.parametrize(
    "nested", ["<table><tr><th>a<td>", "<ul><li>a", "<sup>a", "<button><h2>a", "<math><mfrac><mn>1</mn>"]
)
def test_nesting_of_any_kind_is_read(nested: str) -> None:
    assert text_of("<p>" + nested * 2_000)
