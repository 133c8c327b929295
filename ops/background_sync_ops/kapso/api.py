"""The endpoints that a sync service uses, of Kapso's two APIs.

    GET   {proxy}/{phone_number_id}/conversations
    GET   {platform}/whatsapp/contacts/{id, phone or business-scoped user id}
    GET   {platform}/whatsapp/phone_numbers/{phone_number_id}/webhooks
    PATCH {platform}/whatsapp/phone_numbers/{phone_number_id}/webhooks/{webhook_id}
    GET   {platform}/webhook_deliveries

A webhook is changed at its own path, below the list's, as Kapso documents it: a number may have several, so
the list's path cannot say which. PATCH on the list is 405.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request

from background_sync.rules.identity import digits
from background_sync.rules.policy import HOUR_MS
from background_sync_ops.kapso.documents import (
    contact_document,
    conversation_document,
    delivery_document,
    status,
    webhook_document,
)
from background_sync_ops.kapso.model import Conversation, Delivery, Number, Person, Webhook
from background_sync_ops.kapso.paging import BY_ACTIVITY, BY_CREATION, platform_paging, proxy_paging
from background_sync_ops.kapso.parameters import Parameters
from background_sync_ops.kapso.problems import Problem, Surface
from background_sync_ops.kapso.quirks import Quirks
from background_sync_ops.kapso.store import KapsoStore

PROXY_PATH = "/meta/whatsapp/v24.0"
PLATFORM_PATH = "/platform/v1"
KEY_HEADER = "X-API-Key"

PERIODS_MS = {"24h": 24 * HOUR_MS, "7d": 7 * 24 * HOUR_MS, "30d": 30 * 24 * HOUR_MS}
CHANGEABLE = {"active": bool, "url": str, "events": list, "secret_key": str}

ROUTES = Map(
    [
        Rule(f"{PROXY_PATH}/<number>/conversations", methods=["GET"], endpoint="conversations"),
        Rule(f"{PLATFORM_PATH}/whatsapp/contacts/<identifier>", methods=["GET"], endpoint="contact"),
        Rule(
            f"{PLATFORM_PATH}/whatsapp/phone_numbers/<number>/webhooks", methods=["GET"], endpoint="webhooks"
        ),
        Rule(
            f"{PLATFORM_PATH}/whatsapp/phone_numbers/<number>/webhooks/<webhook>",
            methods=["PATCH"],
            endpoint="change_webhook",
        ),
        Rule(f"{PLATFORM_PATH}/webhook_deliveries", methods=["GET"], endpoint="deliveries"),
    ]
)


def surface(path: str) -> Surface:
    """Which of the two APIs a path belongs to: they differ in their errors."""
    return "proxy" if path.startswith(f"{PROXY_PATH}/") else "platform"


def api_key(request: Request) -> str:
    """The key that a request carries; empty without one."""
    return request.headers.get(KEY_HEADER, "")


class Api:
    """Answers requests with documents, or raises Problem."""

    def __init__(self, store: KapsoStore, now: int, quirks: Quirks) -> None:
        self._store = store
        self._now = now
        self._quirks = quirks

    def answer(self, request: Request) -> dict[str, Any]:
        """The document for a request whose key is known."""
        if not self._store.knows_key(api_key(request)):
            raise Problem(401, "Invalid API key")
        try:
            endpoint, arguments = ROUTES.bind_to_environ(request).match()
        except HTTPException as error:
            raise Problem(error.code or 404, error.name) from None
        answer: Callable[..., dict[str, Any]] = getattr(self, f"_{endpoint}")
        return answer(request, **arguments)

    # ---------------------------------------------------------------- proxy

    def _conversations(self, request: Request, number: str) -> dict[str, Any]:
        known = self._number(request, number)
        query = Parameters(request.args, bad=400)
        wanted = self._conversation_filter(query)
        window = query.window(BY_ACTIVITY, "last_active_since", "last_active_until")
        page, found = self._store.page_of_conversations(number, window, wanted)
        fields = query.text("fields")
        data = [
            conversation_document(conversation, person, known, self._now, self._quirks, fields)
            for conversation, person in found
        ]
        return {"data": data} | proxy_paging(page, self._quirks, query.text("after"), _address(request))

    def _conversation_filter(self, query: Parameters) -> Callable[[Conversation, Person], bool]:
        _check_assignment(query)
        state = query.choice("status", ("active", "ended"))
        phone = query.text("phone_number")

        def wanted(conversation: Conversation, person: Person) -> bool:
            return (state is None or status(conversation, self._now) == state) and (
                phone is None or digits(phone) == person.phone
            )

        return wanted

    # ---------------------------------------------------------------- platform

    def _contact(self, request: Request, identifier: str) -> dict[str, Any]:
        person = self._store.find_contact(api_key(request), identifier)
        if person is None:
            raise Problem(404, "Contact not found")
        return {"data": contact_document(person, self._quirks)}

    def _webhooks(self, request: Request, number: str) -> dict[str, Any]:
        known = self._number(request, number)
        webhooks = self._store.webhooks(number)
        return {"data": [webhook_document(each, known, self._quirks) for each in webhooks]}

    def _change_webhook(self, request: Request, number: str, webhook: str) -> dict[str, Any]:
        known = self._number(request, number)
        self._webhook(number, webhook)
        changed = self._store.change_webhook(webhook, self._now, **_changes(request))
        return {"data": webhook_document(changed, known, self._quirks)}

    def _webhook(self, number: str, webhook_id: str) -> Webhook:
        for webhook in self._store.webhooks(number):
            if webhook.id == webhook_id:
                return webhook
        raise Problem(404, "Webhook not found")

    def _deliveries(self, request: Request) -> dict[str, Any]:
        query = Parameters(request.args, bad=422)
        wanted = self._delivery_filter(query)
        page, found = self._store.page_of_deliveries(api_key(request), query.window(BY_CREATION), wanted)
        data = [delivery_document(each, self._quirks) for each in found]
        paging = platform_paging(page, BY_CREATION, self._quirks, _address(request))
        return {"data": data, "paging": paging}

    def _delivery_filter(self, query: Parameters) -> Callable[[Delivery], bool]:
        state = query.choice("status", ("pending", "delivered", "failed"))
        errors_only = query.flag("errors_only")
        event, webhook_id = query.text("event"), query.text("webhook_id")
        since = self._now - PERIODS_MS[query.choice("period", tuple(PERIODS_MS)) or "24h"]

        def wanted(delivery: Delivery) -> bool:
            return (
                delivery.created_at >= since
                and state in (None, delivery.status)
                and (not errors_only or delivery.status == "failed")
                and event in (None, delivery.event)
                and webhook_id in (None, delivery.webhook_id)
            )

        return wanted

    def _number(self, request: Request, phone_number_id: str) -> Number:
        try:
            return self._store.number(phone_number_id, api_key(request))
        except KeyError:
            raise Problem(404, "Phone number not found") from None


def _check_assignment(query: Parameters) -> None:
    """Nothing is ever assigned here, so whoever asks for an assignee asks for somebody unknown."""
    unassigned = query.flag("unassigned")
    if query.text("assigned_user_id") is None:
        return
    if unassigned:
        raise Problem(422, "assigned_user_id and unassigned cannot be combined")
    raise Problem(422, "assigned_user_id is not a project member")


def _changes(request: Request) -> dict[str, Any]:
    """What of a webhook is to be changed; what it has not is ignored."""
    body = request.get_json(silent=True)
    asked = body.get("whatsapp_webhook") if isinstance(body, dict) else None
    if not isinstance(asked, dict):
        raise Problem(422, "param is missing or the value is empty: whatsapp_webhook")
    for name, kind in CHANGEABLE.items():
        if name in asked and not isinstance(asked[name], kind):
            raise Problem(422, f"{name} is invalid")
    changes = {name: asked[name] for name in CHANGEABLE if name in asked}
    return changes | ({"events": tuple(changes["events"])} if "events" in changes else {})


def _address(request: Request) -> Callable[..., str]:
    """Makes the address of another page of the same list."""
    query = {name: value for name, value in request.args.items() if name not in ("after", "before")}
    return lambda **cursor: f"{request.base_url}?{urlencode(query | cursor)}"
