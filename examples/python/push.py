import asyncio
import json

import websockets

from client import SLUICE_WS_URL, generate_some_data, goes_on, serialize_bytes, stream_name


async def send_data(sid: str):
    async with websockets.connect(f'{SLUICE_WS_URL}/data/{sid}/push') as ws:
        while goes_on():
            data = serialize_bytes(generate_some_data())
            # the header: where each entry of the message ends
            await ws.send(json.dumps([len(data)]))
            await ws.send(data)


asyncio.run(send_data(stream_name()))
