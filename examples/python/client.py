"""What the snippets leave to their reader: data to send, something to do with data, and when to stop."""

import json
import os
import sys
import time

SLUICE_URL = os.environ.get("SLUICE_URL", "http://localhost:8000").rstrip("/")
SLUICE_WS_URL = "ws" + SLUICE_URL[len("http"):]
# How many messages to send or to receive; 0: for ever.
LIMIT = int(os.environ.get("LIMIT", "0"))

_turns = 0
_made = 0


def stream_name():
    return sys.argv[1] if len(sys.argv) > 1 else "my-stream"


def goes_on():
    """True until LIMIT messages have passed."""
    global _turns
    _turns += 1
    return LIMIT == 0 or _turns <= LIMIT


def generate_some_data():
    """A number and the time."""
    global _made
    if _made and LIMIT == 0:
        time.sleep(0.2)
    _made += 1
    return {"number": _made, "time": time.time()}


def serialize_bytes(data):
    return json.dumps(data).encode()


def my_parse_header_and_payload(data):
    payload = json.loads(data) if data else {}
    return payload.get("time"), payload.get("number")


def do_something_with_data(*args):
    print(*args, flush=True)
