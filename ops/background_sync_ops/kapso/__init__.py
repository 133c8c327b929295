"""A server that behaves like Kapso's API, over HTTP on 127.0.0.1, for tests and demos.

    server.py      KapsoServer, which ties the rest together
    store.py       KapsoStore: numbers, people, conversations, messages, webhooks, delivery log
    model.py       the records that the store keeps
    activity.py    newest-first windows over what is ordered by (time, id)
    api.py         the endpoints
    parameters.py  what a request's query asks for
    paging.py      cursors, and the paging block of an answer
    documents.py   records as the API and the webhooks show them
    quirks.py      which of Kapso's habits the server shows
    times.py       ISO 8601 <-> ms since the epoch
    problems.py    errors, in the shape of each API
    rate.py        requests per key and minute
    faults.py      what can go wrong with chosen requests
    courier.py     delivery of webhooks: retries, losses, duplicates, switching off
    switch_off.py  the rule by which a failing webhook is switched off
    sending.py     one webhook request, signed

Times are integers, ms since the epoch, given by the caller or by a clock that was passed in: nothing here
reads the wall clock.
"""

from background_sync_ops.kapso import faults
from background_sync_ops.kapso.courier import Channel, Courier
from background_sync_ops.kapso.model import Conversation, Delivery, Event, Message, Number, Person, Webhook
from background_sync_ops.kapso.quirks import LastPage, Quirks
from background_sync_ops.kapso.server import KapsoServer, Received
from background_sync_ops.kapso.store import KapsoStore

__all__ = [
    "Channel",
    "Conversation",
    "Courier",
    "Delivery",
    "Event",
    "KapsoServer",
    "KapsoStore",
    "LastPage",
    "Message",
    "Number",
    "Person",
    "Quirks",
    "Received",
    "Webhook",
    "faults",
]
