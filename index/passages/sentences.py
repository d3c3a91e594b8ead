"""Where sentences end. Pure, and in time proportional to the text: texts may be made to do harm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from heapq import merge

# A sentence ends at its stop and what closes with it ("…), if white space follows; in scripts that write none, at once.
# A row of stops is tried once, at its first: from each of them it would take quadratic time.
_STOP = re.compile(
    r"""[.!?…。！？]
    (?: (?<![.!?…][\s\S]) (?<=[.!?…]) [.!?…]*+ ["'”’»)\]]*+ (?=\s)
      | (?<=[。！？]) [。！？]*+ [」』”’）]*+ )""",
    re.VERBOSE,
)
# A paragraph ends at a blank line; a heading, a list item or a row of a table (`index.parsing.blocks`) is a line.
_BREAK = re.compile(
    r"""\n[^\S\n]*+(?=\n)
    | \n(?=[^\S\n]*+(?:[-*•]|\d{1,3}[.)]|\([a-z0-9]{1,3}\)) [ ])
    | ^\#{1,6} [ ] .*$
    | ^[^\n|]*+ (?<=[ ]) \| [ ] [^\n]*+$
    | \f""",
    re.MULTILINE | re.VERBOSE,
)

# What stands before a full stop that ends no sentence. Each is looked for in the few characters before the stop.
_LOOKED_BACK, _LOOKED_AHEAD = 24, 40
_BEFORE = r"(?:^|[\s(\[\"'“‘„«/–—-])"


def _ends_with(pattern: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    return re.compile(rf"{_BEFORE}(?:{pattern})$", flags)


# whatever follows: titles, and words that always introduce something
_NEVER_LAST = _ends_with(
    r"Mr|Mrs|Ms|Mx|Messrs|Dr|Drs|Prof|Revd?|Hon|Gov|Sen|Rep|Gen|Col|Lt|Sgt|Capt|Cmdr|Maj|Adm|Pres|Supt|St|Ste|Mt|Ft|"
    r"M|Mme|Mlle|Hr|Hrn|Fr|Frl|Dipl|Ing|Sra?|Srta|Dña|e\.g|i\.e|e\. g|i\. e|viz|cf|vs?|approx|ca|resp|incl|excl|esp|"
    r"[Zz]\. ?[BT]|d\. ?h|u\. ?a|u\. ?U|i\. ?d\. ?R|i\. ?d|o\. ?g|o\. ?ä|v\. ?a|s\. ?[ou]|p\. ?ex|bzw|[Vv]gl|"
    r"sog|evtl|ggf|inkl|exkl|zzgl|insb|geb|gest|Mio|Mrd|Tsd|par ex|[zduiovs]"
)
# where a number or a name of a place in a text follows: "Fig. 3", "Art. IV", "§ 4 Abs. 2"
_NUMBERED = _ends_with(
    r"Nrn?|Figs?|Abb|Tab|Eqs?|Gl|Vols?|Bd|Chs?|Chap|Kap|Sect?s?|Subsec|Paras?|Cls?|Arts?|Abs|Ziff|Lit|"
    r"Buchst|Anl|Anh|Reg|Regs|Exh?|App|Pt|Ref|Rn|Rz|Bl|S|pp?|l|ll|art|arts|ch|vol|fig|figs|sec|para|nr"
)
_A_NUMBER = re.compile(r"[\d§(\[#]|[IVXLC]{2,}\b|[B-HJ-Z]\b(?!['’])|[AI]\b(?=[,.;:)])")
_NUMERO = _ends_with(r"[Nn]os?|n[°º]")
# where the sentence goes on unless a word follows that begins one: initials, "U.S.", "Inc."
_MAYBE_LAST = _ends_with(
    r"[A-ZÄÖÜ]|(?:[A-Za-z]\. ?)+[A-Za-z]|Jr|Sr|al|etc|Inc|Ltd|Co|Corp|Bros|LLC|plc|Dept|Univ|Assn|Ave|Blvd|Rd|usw|"
    r"u\. ?s\. ?w|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Mon|Tues?|Wed|Thurs?|Fri|Sat|Sun|ed|eds|"
    r"min|max|mind|hrs?|ft|lbs?|oz|Str"
)
_BEGINS = re.compile(
    r"(?:The|Then|This|That|These|Those|There|They|He|She|It|Its|We|You|I|In|On|At|As|After|Before|When|While|Where|"
    r"If|But|And|Or|So|For|From|By|With|To|Our|Their|His|Her|My|Your|No|Not|All|An|A|Each|Both|Some|Many|Most|Such|"
    r"However|Although|Since|Until|Under|During|Please|What|Who|Why|How|Now|Here|Later|Today|Yesterday|Tomorrow|"
    r"Der|Die|Das|Ein|Eine|Er|Sie|Es|Wir|Ihr|Im|Am|Auf|Bei|Nach|Mit|Für|Diese[rsnm]?|Dann|Danach|Wenn|Aber|Und|"
    r"Le|La|Les|Il|Elle|Un|Une|El|Los|Las|Ils)\b(?!\.)"
)
_HOUR = _ends_with(r"(?:\d{1,2}(?:[:.]\d\d)? ?)?[ap]\. ?m", re.IGNORECASE)
_AFTER_HOUR = re.compile(
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|(?:Janu|Febru)ary|March|April|May|June|July|August|(?:Septem|Octo|"
    r"Novem|Decem)ber|[A-Z]{2,4}\b|Eastern|Central|Pacific|Mountain|Greenwich|\(|\d"
)
# ordinals of German and its neighbours: "am 5. Mai", "im 19. Jahrhundert", "vom 1. bis"
_ORDINAL = _ends_with(r"\d{1,2}")
_AFTER_ORDINAL = re.compile(
    r"Jan|Jän|Feb|Mär|Apr|Mai\b|Juni?\b|Juli?\b|Aug|Sep|Okt|Nov|Dez|Jahr|Weltkrieg|Auflage|Kapitel|Lebens|Quartal|Tag|"
    r"Stock|Klasse|Liga|Platz|Runde|Sitzung|Semester|\d{1,2}\.\s?\d"
)
_GERMAN_ORDINAL = _ends_with(r"(?:der|des|dem|den|vom|zum|im|zur|beim|seit|zweiten?) \d{1,3}")


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """The sentences of ``text`` as half-open ranges, trimmed of white space, in order.

    Together they hold every non-blank character.
    """
    start = 0
    for end in merge(_ends(text), _breaks(text), (len(text),)):
        if end == start:
            continue
        if (found := trimmed(text, start, end)) is not None:
            yield found
        start = end


def trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The range without the white space at its ends; None where there is nothing else."""
    piece = text[start:end]
    body = piece.strip()
    left = start + len(piece) - len(piece.lstrip())
    return (left, left + len(body)) if body else None


def _ends(text: str) -> Iterator[int]:
    return (stop.end() for stop in _STOP.finditer(text) if not _goes_on(text, stop))


def _breaks(text: str) -> Iterator[int]:
    for match in _BREAK.finditer(text):
        yield match.start()
        yield match.end()


def _goes_on(text: str, stop: re.Match[str]) -> bool:
    """Whether the sentence goes on after this stop: an abbreviation, an initial, or lower case behind it."""
    following = text[stop.end() : stop.end() + _LOOKED_AHEAD].lstrip()
    if following[:1].islower():
        return True
    if stop.group() != ".":
        return False
    before = text[max(0, stop.start() - _LOOKED_BACK) : stop.start()]
    if _HOUR.search(before):
        return bool(_AFTER_HOUR.match(following))
    if _NEVER_LAST.search(before):
        return True
    if _NUMBERED.search(before) and _A_NUMBER.match(following):
        return True
    if following[:1].isdigit() and _NUMERO.search(before):
        return True
    if _ORDINAL.search(before):
        return bool(_AFTER_ORDINAL.match(following) or _GERMAN_ORDINAL.search(before))
    return bool(_MAYBE_LAST.search(before)) and not _BEGINS.match(following)
