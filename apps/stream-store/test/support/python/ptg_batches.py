"""Pushes and pulls as the README of ptg-api-server shows it: offsets of a batch are starts, and so are those of a pull."""

import asyncio
import json
import os
import sys

import websockets

URL = os.environ['PTG_URL']
HEADERS = {'Authorization': 'Bearer ' + os.environ['PTG_TOKEN']}
STREAM = sys.argv[1]


# The name of the parameter depends on the version of the library.
NEW = int(websockets.__version__.split('.')[0]) >= 14
HEADERS_PARAMETER = 'additional_headers' if NEW else 'extra_headers'


def connect(path):
    return websockets.connect(URL + path, **{HEADERS_PARAMETER: HEADERS})


async def push_one_by_one(entries):
    async with connect(f'/data/{STREAM}/push?ack=true') as ws:
        for entry in entries:
            await ws.send(entry)
            ids = (await ws.recv()).split(',')
            assert len(ids) == 1, ids


async def push_batch(entries):
    async with connect('/data/*/push?ack=True') as ws:
        data = bytearray()
        header = []
        for entry in entries:
            header.append((STREAM, len(data)))
            data += entry
        await ws.send(json.dumps(header))
        await ws.send(bytes(data))
        assert len((await ws.recv()).split(',')) == len(entries)


async def pull(count):
    """Every entry from the first on, as many a message as count says."""
    seen = []
    async with connect(f'/data/{STREAM}/pull?last_entry_id=0&count={count}&timeout=1000') as ws:
        try:
            while True:
                header = json.loads(await ws.recv())
                data = await ws.recv()
                assert len(header) <= count, header
                ends = [start for _, _, start in header[1:]] + [len(data)]
                seen += [data[start:end] for (_, _, start), end in zip(header, ends)]
        except websockets.exceptions.ConnectionClosedOK:
            pass
    return seen


async def main():
    await push_one_by_one([b'one', b'two'])
    await push_batch([b'three', b'four', b'five'])
    print(b' '.join(await pull(1)).decode())
    print(b' '.join(await pull(10)).decode())


asyncio.run(main())
