"""Which chat service, by the settings; called inside the worker process."""

from __future__ import annotations

from core.errors import ModelError
from dialog.cloud.ports import ChatService
from dialog.cloud.settings import CloudSettings


def make_chat(settings: CloudSettings) -> ChatService:
    """The service.

    Raises:
        ModelError: The client library is not installed.
        Rejected: The key cannot be read.
    """
    from dialog.cloud.openai_chat import OpenAIChat

    try:
        return OpenAIChat(settings)
    except ImportError as error:
        raise ModelError(
            "the cloud's client library is not installed; install Myna with its extra: "
            "pip install 'myna[cloud]'"
        ) from error
