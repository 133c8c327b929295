"""Kapso's live check of a number, which asks Meta."""

from typing import Final

from background_sync.kapso.client import PLATFORM, KapsoClient
from background_sync.kapso.parsing import validate_phone_id
from background_sync.rules.reception import LOST_BY, read_reception

HEALTH_FIELDS: Final = frozenset(
    {"status", "checks", "passed", "details", "subscribed", "subscribed_fields", *LOST_BY}
)


def check_reception(client: KapsoClient, phone_id: str) -> str:
    """Whether Kapso hears Meta about a number, as `read_reception` says it; one request.

    Raises:
        KapsoError: there is no usable response.
    """
    path = f"{PLATFORM}/whatsapp/phone_numbers/{validate_phone_id(phone_id)}/health"
    return read_reception(client.get(path, {}, only_fields=HEALTH_FIELDS))
