"""What the routes are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from api.service import Service
from api.settings import Settings


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


CurrentService = Annotated[Service, Depends(_service)]
CurrentSettings = Annotated[Settings, Depends(_settings)]
