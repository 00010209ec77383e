"""Asks a gateway that runs the demo for everything the client has, and says what it has seen."""

import asyncio
import json
import os
import sys

import channel_client as module
from channel_client import AsyncClient, Client, Config

config = Config(**json.loads(os.environ["CHANNEL_CLIENT"]))
LAST = "basket controls example example_list example_with_stage example_with_state example_with_state_multiple never_ticks str_basket".split()
STATES = "example example_with_state example_with_state_alternative example_with_state_multiple".split()
COLUMNS = "id timestamp x y z internal_csp_struct.z data mapping dt d".split()
DEMO = "csp_gateway.server.demo.omnibus.ExampleData"


def fails(kind, work):
    try:
        work()
    except kind as error:
        return str(error)
    raise AssertionError(f"{kind.__name__} was expected")


def listings(client):
    assert client.last() == LAST and client.next() == LAST and client.lookup() == LAST
    assert client.send() == ["basket", "basket/A", "basket/B", "basket/C", "controls", "example"]
    assert client.state() == STATES
    assert client.stage() == ["example", "example_with_stage"]
    assert client.controls() == ["heartbeat", "shutdown", "stats"]
    assert client.mounted("last") == {"", "basket/", "str_basket/", *LAST}
    assert client.mounted("lookup") == {"", "id", *LAST}
    assert sorted(client.openapi_spec) == ["components", "info", "openapi", "paths"]


def reading(client):
    assert len(client.next("basket", timeout=10)) == 3
    assert len(client.next("str_basket/c", timeout=10)) == 1
    for field, count in [("example", 1), ("example_list", 1), ("basket", 3), ("basket/A", 1), ("str_basket/c", 1)]:
        assert len(client.last(field)) == count, field
    (record,) = client.last("example", return_type_override="raw").json()
    assert client.lookup("example", record["id"]) == [record] == client.lookup("id", record["id"])
    assert client.lookup("example", "none") == []
    assert "none" in fails(module.ServerRouteNotFoundException, lambda: client.lookup("id", "none"))
    assert "never_ticks" in fails(module.ServerRouteNotFoundException, lambda: client.last("never_ticks"))
    for field in ["nope", "example/A", "example-list"]:
        fails(module.ServerRouteNotMountedException, lambda field=field: client.last(field))


def forms(client):
    frame = client.last("example", return_type_override="frame")
    assert list(frame) == COLUMNS and len(frame["internal_csp_struct.z"]) == 1 and frame["internal_csp_struct.z"][0] == 12
    (struct,) = client.last("example", return_type_override="struct")
    assert struct.type_ == DEMO and struct.y == str(struct.x) * 3
    assert client.last("basket", return_type_override="wrapper").type_name is None
    assert client.last("basket/B", return_type_override="wrapper").type_name == DEMO


def sending(client):
    (sent,) = client.send("example", {"x": 5, "y": 7})
    assert sent["x"] == 5 and sent["y"] == "7" and client.lookup("example", sent["id"]) == [sent]
    assert [one["x"] for one in client.send("example", [{"x": 1}, {"x": 2}])] == [1, 2]
    assert [one["x"] for one in client.send("basket", {"A": {"x": 1}, "C": {"x": 3}})] == [1, 3]
    assert client.send("basket/B", {"x": 2})[0]["x"] == 2
    assert "value must be non-negative." in fails(module.ServerUnprocessableException, lambda: client.send("example", {"x": -1}))
    fails(module.ServerUnprocessableException, lambda: client.send("basket/Z", {"x": 1}))
    fails(module.ServerRouteNotMountedException, lambda: client.send("example_list", {"x": 1}))


def states(client):
    (sent,) = client.send("example", {"x": 424242})
    found = client.state("example", query={"filters": [{"attr": "x", "by": {"value": 424242}}]})
    assert sent in found and all(one["x"] == 424242 for one in found)
    assert client.state("example", query={"filters": [{"attr": "id", "by": {"value": sent["id"], "where": "=="}}]}) == [sent]
    assert len(client.state("example_with_state_alternative")) > 0
    bad = {"filters": [{"attr": "x", "by": {"value": 1, "where": "~"}}]}
    assert fails(module.ServerUnknownException, lambda: client.state("example", query=bad)).startswith("400: ")


def staging(client):
    field = "example_with_stage"
    client.stage_clear(field, [])
    (area,) = client.stage_new(field)
    client.stage_add(field, {"id": "s1", "x": 1}, [area])
    client.stage_add(field, {"id": "s2", "x": 2})
    assert [one["id"] for one in client.stage_list(field)[area]] == ["s1", "s2"]
    client.stage_remove(field, {"id": "s1"})
    assert [one["id"] for one in client.stage_lookup(field, area)[area]] == ["s2"]
    released = client.stage_release(field, [area])
    assert [one["id"] for one in released[area]] == ["s2"] and client.stage(field, "list") == []
    assert client.lookup(field, "s2")[0]["x"] == 2
    assert fails(module.ServerUnknownException, lambda: client.stage_add(field, {"x": 1}, ["nope"])).startswith("400: ")


def controls(client):
    assert client.controls("heartbeat")[0]["status"] == "ok"
    assert client.controls("stats")[0]["data"]["pid"] > 0


def streaming(client):
    seen = []
    client.stream(["example", ("basket", "A"), "heartbeat"], seen.append, timeout=2.5)
    kinds = {(message["channel"], message.get("key")) for message in seen}
    assert kinds == {("example", None), ("basket", "A"), ("heartbeat", None)}, kinds
    assert all(message["data"] == "PING" for message in seen if message["channel"] == "heartbeat")
    client.publish("basket", {"x": 987654}, key="C")
    client.next("basket/C", timeout=10)


async def asynchronous():
    client = AsyncClient(config)
    assert await client.last() == LAST
    assert len(await client.next("example")) == 1
    (sent,) = await client.send("example", {"x": 3})
    assert await client.lookup("example", sent["id"]) == [sent]
    assert sent in await client.state("example", query={"filters": [{"attr": "x", "by": {"value": 3}}]})
    assert (await client.controls("heartbeat"))[0]["status"] == "ok"
    (area,) = await client.stage_new("example")
    assert await client.stage_release("example", [area]) == {area: []}
    messages = client.stream(["example"])
    first = await messages.__anext__()
    assert first["channel"] == "example" and len(first["data"]) == 1
    await client.unsubscribe("example")
    await client.subscribe("str_basket", "b")
    await client.publish("example", {"x": 1})
    async for message in messages:
        if message["channel"] == "str_basket":
            assert message["key"] == "b"
            break
    await messages.aclose()


def refused():
    wrong = Client(config, api_key="wrong", bearer_token="")
    assert fails(module.ServerUnknownException, lambda: wrong.last("example")).startswith("403: ")


checks = [listings, reading, forms, sending, states, staging, controls, streaming]
for check in checks:
    check(Client(config))
    print(f"sync {check.__name__}")
asyncio.run(asynchronous())
print("async")
if config.api_key or config.bearer_token:
    refused()
    print("refused")
if "shutdown" in sys.argv[1:]:
    assert Client(config).controls("shutdown")[0]["status"] == "ok"
    print("shutdown")
