"""What chat programs ask a model of their own accord: titles, tags, what to ask next. The documents have no part in it.

Such a prompt is told by the header `X-OpenWebUI-Task`, by `metadata.task`, or by its form: Open WebUI's begin with
`### Task:` and show the JSON that they want, LibreChat's ask for a title of at most five words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from api.openai.conversation import MessageIn

TASK_HEADER = "X-OpenWebUI-Task"

# the member of the JSON that each of Open WebUI's tasks wants
_MEMBERS = {
    "title_generation": "title",
    "tags_generation": "tags",
    "follow_up_generation": "follow_ups",
    "query_generation": "queries",
    "autocomplete_generation": "text",
    "image_prompt_generation": "prompt",
    "function_calling": "tool_calls",
}
_LISTS = {"tags", "follow_ups", "queries", "tool_calls"}
_WANTED = re.compile(r'\{\s*"(?P<member>\w+)":\s*(?P<list>\[)?')
_FORM = re.compile(r"\A### Task:\n.*<(?:chat_history|text)>", re.DOTALL)
_TOOLS = "Available Tools: "
_TITLE_ALONE = re.compile(r"\AProvide a concise, 5-word-or-less title for the conversation")
_TITLE_AND_LANGUAGE = re.compile(r"\AAnalyze this conversation and provide:\n1\. The detected language")
_EMOJI = "Your task is to reflect the speaker's likely facial expression"
_SPOKEN = re.compile(
    r"^(?:USER|User): (?P<text>.*(?:\n(?!(?:USER|ASSISTANT|SYSTEM|AI|User|Assistant): |</).*)*)", re.MULTILINE
)
_TITLE_WORDS, _TITLE_CHARACTERS = 5, 60


def background_reply(messages: Sequence[MessageIn], task: str) -> str | None:
    """What answers a prompt that no person wrote; None where a person asks. ``task`` is what the program calls it."""
    prompt = next((message.text for message in reversed(messages) if message.role == "user"), "")
    if task == "emoji_generation" or prompt.startswith(_EMOJI):
        return "💬"
    spoken = [match["text"].strip() for match in _SPOKEN.finditer(prompt[max(0, prompt.rfind("<chat_history>")) :])]
    if _TITLE_ALONE.match(prompt):
        return _title(spoken)
    if _TITLE_AND_LANGUAGE.match(prompt):
        return json.dumps({"language": "English", "title": _title(spoken)}, ensure_ascii=False)
    if member := _MEMBERS.get(task):
        return _as_json(member, member in _LISTS, spoken)
    wanted = _WANTED.search(prompt) if task or _FORM.match(prompt) else None
    if wanted:
        return _as_json(wanted["member"], wanted["list"] is not None, spoken)
    if any(message.role == "system" and message.text.startswith(_TOOLS) for message in messages):
        return _as_json("tool_calls", True, spoken)
    return None


def _as_json(member: str, several: bool, spoken: Sequence[str]) -> str:
    """The member as far as it can be made of what was said, else empty: no program shows anything then."""
    if member == "title":
        value: str | Sequence[str] = _title(spoken)
    elif member == "queries":
        value = spoken[-1:]
    elif member == "tags":
        value = ["General"]
    else:
        value = [] if several else ""
    return json.dumps({member: value}, ensure_ascii=False)


def _title(spoken: Sequence[str]) -> str:
    """The first words of what the user said first."""
    words = (spoken[0] if spoken else "").split()
    title = " ".join(words[:_TITLE_WORDS])[:_TITLE_CHARACTERS].rstrip("?!.,;: ")
    return f"{title} …" if title and len(words) > _TITLE_WORDS else title or "New chat"
