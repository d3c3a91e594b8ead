"""Ours with the reader's lower layers computed when passages are indexed."""

from __future__ import annotations

from functools import partial

from eval.peers import sourcespan_peer

load = partial(sourcespan_peer.load, ahead=True)
