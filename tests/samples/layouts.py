"""How states may lie in a graph."""

from __future__ import annotations

import pytest

from index.bert.graph.layouts import ChannelsFirst, ChannelsLast

EitherLayout = ChannelsLast | ChannelsFirst

in_each_layout = pytest.mark.parametrize("layout", [ChannelsLast(), ChannelsFirst()], ids=["last", "first"])
