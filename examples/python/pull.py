import asyncio
import json

import websockets

from client import SLUICE_WS_URL, do_something_with_data, goes_on, stream_name


async def receive_data(sid: str):
    # offsets=start: the loop below takes the offsets as starts, and by default they are ends
    async with websockets.connect(f'{SLUICE_WS_URL}/data/{sid}/pull?offsets=start', max_size=None) as ws:
        while goes_on():
            header = json.loads(await ws.recv())
            entries = await ws.recv()
            # an idle message has no entries: its header is empty
            sids, ts, offsets = tuple(zip(*header)) or ((),) * 3
            for sid, t, start, end in zip(sids, ts, offsets, offsets[1:] + (None,)):
                do_something_with_data(sid, t, entries[start:end])


asyncio.run(receive_data(stream_name()))
