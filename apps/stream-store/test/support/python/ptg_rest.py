"""Entries over plain HTTP with the cookie alone, as ptgctl asks for them, and with a form as headsets send it."""

import json
import os
import sys

import requests

URL = os.environ['PTG_URL'].replace('ws', 'http', 1)
STREAM = sys.argv[1]

session = requests.Session()
session.cookies.set('authorization', 'Bearer ' + os.environ['PTG_TOKEN'])


def post(*payloads):
    files = [('entries', ('txt', payload)) for payload in payloads]
    response = session.post(f'{URL}/data/{STREAM}/', files=files)
    response.raise_for_status()
    return response.json()


def get(**params):
    response = session.get(f'{URL}/data/{STREAM}', params=params)
    response.raise_for_status()
    offsets = json.loads(response.headers['entry-offset'])
    ends = [start for _, _, start in offsets[1:]] + [len(response.content)]
    return [response.content[start:end].decode() for (_, _, start), end in zip(offsets, ends)]


ids = post(b'one', b'two', b'three')
print('newest:', *get())
print('newest two:', *get(count=2))
print('after the first:', *get(last_entry_id=ids[0], count=5))
print('stored:', session.put(f'{URL}/streams/{STREAM}', json={'unit': 'm'}).json())
info = session.get(f'{URL}/streams/{STREAM}').json()
print('known:', info['length'], info['meta'])
print('listed:', STREAM in session.get(f'{URL}/streams').json())
print('deleted:', *session.delete(f'{URL}/streams/{STREAM}').json())
