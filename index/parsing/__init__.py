"""The bytes of files → document drafts: readable text, with a map from its offsets to pages and headings.

One module per format, each a function `File` → `Content`. Everywhere the text is settled before it is stored: Unicode
form NFC, lines ended by LF, no byte order mark.
"""

from index.parsing.archives import ParsedFile, drafts_of
from index.parsing.content import MAX_BYTES
from index.parsing.files import drafts_in, files_in, parse_file
from index.parsing.formats import ARCHIVE, SUPPORTED_SUFFIXES, parse_bytes, suffix_of

__all__ = [
    "ARCHIVE",
    "MAX_BYTES",
    "SUPPORTED_SUFFIXES",
    "ParsedFile",
    "drafts_in",
    "drafts_of",
    "files_in",
    "parse_bytes",
    "parse_file",
    "suffix_of",
]
