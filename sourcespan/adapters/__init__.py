"""Sourcespan in other frameworks: each module knows one of them, and needs the extra of its name.

They stand on the public interface alone. Import the one that is wanted: ``sourcespan.adapters.langchain``,
``sourcespan.adapters.llama_index`` or ``sourcespan.adapters.haystack``.
"""
