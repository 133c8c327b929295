"""The endpoints of Kapso's two APIs that the sync calls.

GET   {proxy}/{phone_number_id}/conversations
GET   {platform}/whatsapp/webhooks
GET   {platform}/whatsapp/phone_numbers/{phone_number_id}/webhooks
POST  {platform}/whatsapp/phone_numbers/{phone_number_id}/webhooks
PATCH {platform}/whatsapp/phone_numbers/{phone_number_id}/webhooks/{webhook_id}
GET   {platform}/whatsapp/phone_numbers/{phone_number_id}/health
GET   {platform}/webhook_deliveries
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request

from background_sync.rules.policy import HOUR_MS
from background_sync_ops.kapso.documents import (
    conversation_document,
    delivery_document,
    health_document,
    webhook_document,
)
from background_sync_ops.kapso.model import Delivery
from background_sync_ops.kapso.paging import BY_ACTIVITY, BY_CREATION, Quirks, platform_paging, proxy_paging
from background_sync_ops.kapso.parameters import Parameters
from background_sync_ops.kapso.problems import Problem
from background_sync_ops.kapso.store import KapsoStore

PROXY_PATH = "/meta/whatsapp/v24.0"
PLATFORM_PATH = "/platform/v1"
NUMBER_PATH = f"{PLATFORM_PATH}/whatsapp/phone_numbers/<phone_id>"
WEBHOOKS_PATH = f"{NUMBER_PATH}/webhooks"
PERIODS_MS = {"24h": 24 * HOUR_MS, "7d": 7 * 24 * HOUR_MS, "30d": 30 * 24 * HOUR_MS}

ROUTES = Map(
    [
        Rule(f"{PROXY_PATH}/<phone_id>/conversations", methods=["GET"], endpoint="conversations"),
        Rule(f"{PLATFORM_PATH}/whatsapp/webhooks", methods=["GET"], endpoint="project_webhooks"),
        Rule(WEBHOOKS_PATH, methods=["GET"], endpoint="webhooks"),
        Rule(WEBHOOKS_PATH, methods=["POST"], endpoint="create_webhook"),
        Rule(f"{WEBHOOKS_PATH}/<webhook_id>", methods=["PATCH"], endpoint="change_webhook"),
        Rule(f"{NUMBER_PATH}/health", methods=["GET"], endpoint="health"),
        Rule(f"{PLATFORM_PATH}/webhook_deliveries", methods=["GET"], endpoint="deliveries"),
    ]
)


def is_proxy(path: str) -> bool:
    """Whether a path belongs to the Meta proxy; otherwise it belongs to Kapso's own platform."""
    return path.startswith(f"{PROXY_PATH}/")


def api_key(request: Request) -> str:
    """The request's key, or an empty string."""
    return request.headers.get("X-API-Key", "")


class Api:
    """Answers requests with documents, or raises Problem."""

    def __init__(self, store: KapsoStore, now: int, quirks: Quirks) -> None:
        self._store = store
        self._now = now
        self._quirks = quirks

    def answer(self, request: Request) -> dict[str, Any]:
        if not self._store.knows_key(api_key(request)):
            raise Problem(401, "Invalid API key")
        try:
            endpoint, arguments = ROUTES.bind_to_environ(request).match()
        except HTTPException as error:
            raise Problem(error.code or 404, error.name) from None
        answer: Callable[..., dict[str, Any]] = getattr(self, f"_{endpoint}")
        return answer(request, **arguments)

    def _conversations(self, request: Request, phone_id: str) -> dict[str, Any]:
        self._check_number(request, phone_id)
        query = Parameters(request.args, invalid_status=400)
        page, found = self._store.page_of_conversations(phone_id, query.window(BY_ACTIVITY))
        with_kapso_block = "kapso(default)" in (query.text("fields") or "")
        data = [
            conversation_document(conversation, person, self._now, with_kapso_block=with_kapso_block)
            for conversation, person in found
        ]
        return {"data": data} | proxy_paging(page, self._quirks, query.text("after"), _page_url(request))

    def _webhooks(self, request: Request, phone_id: str) -> dict[str, Any]:
        self._check_number(request, phone_id)
        return {"data": [webhook_document(webhook) for webhook in self._store.webhooks(phone_id)]}

    def _project_webhooks(self, request: Request) -> dict[str, Any]:
        page, size = Parameters(request.args, invalid_status=422).numbered_page()
        numbers = self._store.numbers_of(api_key(request))
        found = [webhook for phone_id in numbers for webhook in self._store.webhooks(phone_id)]
        data = [webhook_document(webhook) for webhook in found[(page - 1) * size : page * size]]
        total = {"total_pages": -(-len(found) // size), "total_count": len(found)}
        return {"data": data, "meta": {"page": page, "per_page": size, **total}}

    def _change_webhook(self, request: Request, phone_id: str, webhook_id: str) -> dict[str, Any]:
        self._check_number(request, phone_id)
        if webhook_id not in [webhook.id for webhook in self._store.webhooks(phone_id)]:
            raise Problem(404, "Webhook not found")
        changed = self._store.change_webhook(webhook_id, self._now, **_webhook_fields(request, but="url"))
        return {"data": webhook_document(changed)}

    def _create_webhook(self, request: Request, phone_id: str) -> dict[str, Any]:
        self._check_number(request, phone_id)
        fields = _webhook_fields(request)
        if not isinstance(fields.get("url"), str):
            raise Problem(422, "expected whatsapp_webhook with a url")
        return {"data": webhook_document(self._store.add_webhook(phone_id, **fields))}

    def _health(self, request: Request, phone_id: str) -> dict[str, Any]:
        self._check_number(request, phone_id)
        return health_document(phone_id, self._store.failing_checks[phone_id], self._now)

    def _deliveries(self, request: Request) -> dict[str, Any]:
        query = Parameters(request.args, invalid_status=422)
        status = query.choice("status", ("pending", "delivered", "failed"))
        errors_only = query.choice("errors_only", ("true", "false")) == "true"
        since = self._now - PERIODS_MS[query.choice("period", PERIODS_MS) or "24h"]

        def matches(delivery: Delivery) -> bool:
            return (
                delivery.created_at >= since
                and status in (None, delivery.status)
                and (not errors_only or delivery.status == "failed")
            )

        window = query.window(BY_CREATION)
        page, found = self._store.page_of_deliveries(api_key(request), window, matches)
        paging = platform_paging(page, BY_CREATION, _page_url(request))
        return {"data": [delivery_document(delivery) for delivery in found], "paging": paging}

    def _check_number(self, request: Request, phone_id: str) -> None:
        if not self._store.has_number(phone_id, api_key(request)):
            raise Problem(404, "Phone number not found")


def _webhook_fields(request: Request, but: str = "") -> dict[str, Any]:
    """The fields of a webhook that a request sets, without the one named `but`."""
    document = request.get_json(silent=True)
    given = document.get("whatsapp_webhook") if isinstance(document, dict) else None
    if isinstance(given, dict) and given:
        active, events, texts = given.get("active", True), given.get("events", []), ("url", "secret_key")
        is_list = isinstance(events, list) and all(isinstance(each, str) for each in events)
        if isinstance(active, bool) and is_list and all(isinstance(given.get(n, ""), str) for n in texts):
            names = {"active", "events", *texts} - {but}
            return {name: value for name, value in given.items() if name in names}
    raise Problem(422, "expected whatsapp_webhook with active, true or false, or events, a list of texts")


def _page_url(request: Request) -> Callable[[str], str]:
    """Makes the URL of the same list's page after a cursor."""
    return lambda after: f"{request.base_url}?{urlencode(request.args.to_dict() | {'after': after})}"
