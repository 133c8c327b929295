"""Records as Kapso lists them."""

from typing import Any

PHONE_ID = "110987654321"
MOMENT = 1_705_329_000_000
"""2024-01-15T14:30:00Z"""


def conversation(**fields: Any) -> dict[str, Any]:
    """A conversation of `PHONE_ID`; fields of `kapso` are given by name too."""
    kapso = {
        "contact_name": "John Doe",
        "last_message_timestamp": "2024-01-15T14:30:00.000000Z",
        "last_inbound_at": "2024-01-15T14:30:00.000000Z",
        "last_outbound_at": "2024-01-15T14:25:00.000000Z",
    }
    kapso |= {name: fields.pop(name) for name in tuple(fields) if name in kapso}
    return {
        "id": "123e4567-e89b-12d3-a456-426614174000",
        "phone_number": "15551234567",
        "business_scoped_user_id": None,
        "last_active_at": "2024-01-15T14:31:00.000000Z",
        "phone_number_id": PHONE_ID,
        "kapso": kapso,
        **fields,
    }
