"""A server on 127.0.0.1 that behaves like Kapso's API, for tests and the demo.

    server.py      KapsoServer: serves a store over HTTP
    store.py       KapsoStore: numbers, people, conversations, webhooks, delivery log
    model.py       the records of the store
    activity.py    pages of ids, newest first
    api.py         the endpoints
    parameters.py  reads a request's query
    paging.py      cursors, and the `paging` block of a response
    documents.py   records as JSON documents
    times.py       ISO 8601 <-> ms since the epoch
    problems.py    error responses
    rate.py        requests per key and minute
    faults.py      faults for chosen requests
    courier.py     delivers webhooks: signature, batches, retries, losses, duplicates
    switch_off.py  the rule that switches a failing webhook off
    sending.py     sends one webhook request

Times are ms since the epoch. The caller or a clock passes them in; nothing here reads the system's clock.
"""

from background_sync_ops.kapso import faults
from background_sync_ops.kapso.courier import Channel, Courier
from background_sync_ops.kapso.model import Conversation, Delivery, Event, Message, Person, Webhook
from background_sync_ops.kapso.paging import LastPage, Quirks
from background_sync_ops.kapso.server import KapsoServer
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
    "Person",
    "Quirks",
    "Webhook",
    "faults",
]
