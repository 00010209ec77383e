"""A client of channels that knows nothing but /openapi.json: which names are served, with which method, and which columns they have.

It asks as the clients do that are in use: the key as ?token=, a bearer as a header, one text frame for each action of a socket.
"""

import asyncio
import json
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, Optional

import requests
import websockets

GROUPS = ("last", "next", "lookup", "send", "state", "stage", "controls")
METHODS = ("get", "post", "put", "patch", "delete")
STAGING = {"add": "POST", "remove": "DELETE", "release": "PATCH", "list": "GET", "lookup": "PUT"}


class ServerRouteNotMountedException(Exception):
    """The document has no such name: nothing was asked."""


class ServerRouteNotFoundException(Exception):
    """404."""


class ServerUnprocessableException(Exception):
    """422."""


class ServerUnknownException(Exception):
    """Anything else that is not 200."""


@dataclass(frozen=True)
class Config:
    protocol: str = "http"
    host: str = "localhost"
    port: Optional[int] = 8000
    api_route: str = "/api/v1"
    api_key: str = ""
    bearer_token: str = ""
    return_type: str = "json"

    def __post_init__(self):
        if self.api_key and self.bearer_token:
            raise ValueError("a key or a bearer, not both")

    @property
    def base(self) -> str:
        return f"{self.protocol}://{self.host}" + ("" if self.port is None else f":{self.port}")


def resolve(value: Any, document: dict, path: tuple = ()) -> Any:
    """The document with every reference replaced by what it leads to."""
    if isinstance(value, list):
        return [resolve(one, document, path) for one in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if reference is None:
        return {name: resolve(one, document, path) for name, one in value.items()}
    if reference in path:
        return {}
    found = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return resolve(found, document, path + (reference,))


def columns_of(properties: dict, prefix: str = "") -> list:
    """Names of columns; nested objects are flattened with dots, and what may be null is what it is otherwise."""
    columns = []
    for name, schema in properties.items():
        plain = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
        inner = plain[0].get("properties") if len(plain) == 1 else None
        columns += columns_of(inner, f"{prefix}{name}.") if inner else [prefix + name]
    return columns


def value_at(record: Any, column: str) -> Any:
    for part in column.split("."):
        record = record.get(part) if isinstance(record, dict) else None
    return record


class Wrapper:
    """An answer that is turned into what somebody wants of it."""

    def __init__(self, data, columns, type_name):
        self.data, self.columns, self.type_name = data, columns, type_name

    def as_json(self):
        return self.data

    def as_frame(self):
        return {column: [value_at(record, column) for record in self.data] for column in self.columns}

    def as_struct(self):
        return [SimpleNamespace(type_=self.type_name, **record) for record in self.data]


class Client:
    def __init__(self, config: Config = Config(), **overrides):
        self.config = replace(config, **overrides)
        self._document = None
        self._mounted = None

    # --- the document

    @property
    def openapi_spec(self) -> dict:
        if self._document is None:
            answer = requests.get(f"{self.config.base}/openapi.json", params=self._params(), headers=self._headers(), timeout=10)
            assert answer.status_code == 200, answer.text
            document = answer.json()
            self._document = resolve(document, document)
        return self._document

    def mounted(self, group: str) -> set:
        if self._mounted is None:
            self._mounted = {name: set() for name in GROUPS}
            for path in self.openapi_spec["paths"]:
                parts = path.removeprefix(self.config.api_route + "/").split("/")
                if parts[0] in self._mounted and len(parts) > 1:
                    rest = [part for part in parts[1:] if part != "{id}"]
                    self._mounted[parts[0]].add("/".join("" if part == "{key}" else part for part in rest))
        return self._mounted[group]

    def _operation(self, group: str, field: str) -> tuple:
        name, slash, _key = field.partition("/")
        mounted = name + slash
        if mounted not in self.mounted(group):
            raise ServerRouteNotMountedException(f"{group}/{field}")
        path = f"{self.config.api_route}/{group}/{mounted}" + ("{key}" if slash else "")
        if group == "lookup" and field:
            path += "/{id}"
        operations = self.openapi_spec["paths"][path]
        return next((method, operations[method]) for method in METHODS if method in operations)

    # --- what is asked

    def last(self, field="", timeout=10, **more):
        return self._ask("last", field, timeout=timeout, **more)

    def next(self, field="", timeout=None, **more):
        return self._ask("next", field, timeout=timeout, **more)

    def lookup(self, field="", id="", timeout=10, **more):
        return self._ask("lookup", field, tail=f"/{id}" if field else "", timeout=timeout, **more)

    def send(self, field="", data=None, timeout=10, **more):
        return self._ask("send", field, data=data, timeout=timeout, **more)

    def state(self, field="", query=None, timeout=10, **more):
        return self._ask("state", field, params={} if query is None else {"query": json.dumps(query)}, timeout=timeout, **more)

    def controls(self, field="", data=None, timeout=10, **more):
        return self._ask("controls", field, data=data, timeout=timeout, **more)

    def stage(self, field="", method="list", data=None, staging_ids=None, timeout=10, **more):
        if field == "":
            return self._ask("stage", "", timeout=timeout, **more)
        params = {} if staging_ids is None else {"id": ",".join(staging_ids)}
        return self._ask("stage", field, verb=STAGING[method], data=data, params=params, timeout=timeout, **more)

    def stage_add(self, field, data, staging_ids=None):
        return self.stage(field, "add", data, staging_ids)

    def stage_new(self, field):
        return self.stage(field, "add")

    def stage_remove(self, field, data, staging_ids=None):
        return self.stage(field, "remove", data, staging_ids)

    def stage_clear(self, field, staging_ids=None):
        return self.stage(field, "remove", None, staging_ids)

    def stage_release(self, field, staging_ids=None):
        return self.stage(field, "release", None, staging_ids)

    def stage_list(self, field):
        return {area: self.stage_lookup(field, area)[area] for area in self.stage(field, "list")}

    def stage_lookup(self, field, staging_id):
        return self.stage(field, "lookup", None, [staging_id])

    def _ask(self, group, field, tail="", verb=None, data=None, params=None, timeout=10, return_type_override=None):
        method, operation = self._operation(group, field)
        url = f"{self.config.base}{self.config.api_route}/{group}/{field}{tail}"
        body = {} if data is None else {"json": data}
        query = {**(params or {}), **self._params()}
        answer = requests.request(verb or method.upper(), url, params=query, headers=self._headers(), timeout=timeout, **body)
        return self._read(answer, operation, return_type_override or self.config.return_type)

    def _read(self, answer, operation, return_type):
        if return_type == "raw":
            return answer
        if answer.status_code != 200:
            detail = answer.json().get("detail", answer.json())
            if answer.status_code == 404:
                raise ServerRouteNotFoundException(detail)
            if answer.status_code == 422:
                raise ServerUnprocessableException(detail)
            raise ServerUnknownException(f"{answer.status_code}: {detail}")
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        columns = columns_of(schema.get("items", {}).get("properties", {}))
        wrapper = Wrapper(answer.json(), columns, operation.get("type_"))
        forms = {"json": wrapper.as_json, "frame": wrapper.as_frame, "struct": wrapper.as_struct, "wrapper": lambda: wrapper}
        return forms[return_type]()

    def _params(self):
        return {"token": self.config.api_key} if self.config.api_key else {}

    def _headers(self):
        return {"Authorization": f"Bearer {self.config.bearer_token}"} if self.config.bearer_token else {}

    # --- sockets

    def stream(self, channels, callback, timeout=None):
        """Calls back for every message until the time is over."""

        async def follow():
            streaming = AsyncClient(self.config).stream(channels)
            try:
                while True:
                    callback(await streaming.__anext__())
            finally:
                await streaming.aclose()

        try:
            asyncio.run(asyncio.wait_for(follow(), timeout))
        except (asyncio.TimeoutError, StopIteration):
            pass

    def publish(self, field, data, key=None):
        asyncio.run(AsyncClient(self.config).publish(field, data, key))


class AsyncClient:
    """The same, without waiting in the way of others."""

    def __init__(self, config: Config = Config(), **overrides):
        self.sync = Client(config, **overrides)
        self._socket = None

    def __getattr__(self, name):
        method = getattr(self.sync, name)

        async def call(*given, **named):
            return await asyncio.to_thread(method, *given, **named)

        return call

    def _connect(self):
        config = self.sync.config
        base = config.base.replace("http", "ws", 1)
        token = f"?token={config.api_key}" if config.api_key else ""
        return websockets.connect(f"{base}{config.api_route}/stream{token}", extra_headers=self.sync._headers())

    async def stream(self, channels=()):
        async with self._connect() as socket:
            self._socket = socket
            for channel in channels:
                name, key = channel if isinstance(channel, tuple) else (channel, None)
                await self.subscribe(name, key)
            async for message in socket:
                yield json.loads(message)

    async def subscribe(self, channel, key=None):
        await self._act("subscribe", channel, key)

    async def unsubscribe(self, channel, key=None):
        await self._act("unsubscribe", channel, key)

    async def publish(self, field, data, key=None):
        async with self._connect() as socket:
            await socket.send(json.dumps({"action": "send", "channel": field, "data": data, **({} if key is None else {"key": key})}))

    async def _act(self, action, channel, key):
        await self._socket.send(json.dumps({"action": action, "channel": channel, **({} if key is None else {"key": key})}))
