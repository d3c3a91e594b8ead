"""The bytes of files → document drafts: readable text, with a map from its offsets to pages and headings.

`isolated.Parser` is for files of strangers: what stands in the other modules runs in its processes. There is one module
per format, each a function `File` → `Content`. Everywhere the text is settled before it is stored: Unicode
form NFC, lines ended by LF, no byte order mark.
"""

from index.parsing.containers.archives import CONTAINERS, ParsedFile, drafts_of
from index.parsing.content import MAX_BYTES
from index.parsing.files import NamedFile, drafts_at, named_files, parse_file
from index.parsing.formats import ARCHIVE, SUPPORTED_SUFFIXES, parse_bytes, suffix_of

__all__ = [
    "ARCHIVE",
    "CONTAINERS",
    "MAX_BYTES",
    "SUPPORTED_SUFFIXES",
    "NamedFile",
    "ParsedFile",
    "drafts_at",
    "drafts_of",
    "named_files",
    "parse_bytes",
    "parse_file",
    "suffix_of",
]
