"""The page of the documentation that lists the settings: ``python -m docs.settings_page`` prints it."""

from __future__ import annotations

from api.settings import Settings

_PAGE = """\
# Settings

Every setting is an environment variable. A file `.env` in the folder where the program is started may set them too, one
`NAME=value` a line; the environment counts more than that file, and an option of the command line more than both.

This page is written by `make docs-settings` from the descriptions in `api/settings.py`.

| variable | default | what it does |
|---|---|---|
"""


def settings_page() -> str:
    """The page that lists every setting with its default and its description, in Markdown."""
    fields = Settings.model_fields.items()
    return _PAGE + "".join(
        f"| `SOURCESPAN_{name.upper()}` | `{_shown(field.default)}` | {field.description} |\n" for name, field in fields
    )


def _shown(default: object) -> str:
    """A default as one would write it in the environment."""
    return str(default).lower() if isinstance(default, bool) else str(default) or "(empty)"


if __name__ == "__main__":
    print(settings_page(), end="")
