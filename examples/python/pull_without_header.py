import asyncio

import websockets

from client import SLUICE_WS_URL, do_something_with_data, goes_on, my_parse_header_and_payload, stream_name


async def receive_data(sid: str):
    async with websockets.connect(f'{SLUICE_WS_URL}/data/{sid}/pull?header=0', max_size=None) as ws:
        while goes_on():
            data = await ws.recv()
            timestamp, data = my_parse_header_and_payload(data)
            do_something_with_data(timestamp, data)


asyncio.run(receive_data(stream_name()))
