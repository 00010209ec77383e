import time

import requests

from client import SLUICE_URL, stream_name

sid = stream_name()
url = f'{SLUICE_URL}/data/{sid}'


def get(what, **params):
    r = requests.get(url, params=params)
    r.raise_for_status()
    print(f'{what}: {r.content!r}', flush=True)
    return r


def send(data):
    r = requests.post(url, files=[('entries', (sid, data))])
    r.raise_for_status()
    return r.json()


# from now on: waits half a second for something new
last_entry_id = get('from now').headers['x-last-entry-id']

send(b'one')
send(b'two')
send(b'three')

# the next entry after the one just received, and so on
for _ in range(4):
    r = get('next', last_entry_id=last_entry_id)
    last_entry_id = r.headers['x-last-entry-id']

# the newest entry, however old
get('newest', last_entry_id='0', latest=True)

# from the beginning of the stream
get('first', last_entry_id='0')

# the first entry of the last five minutes
t = time.time() - 5 * 60
get('five minutes ago', last_entry_id=f'{int(t * 1000)}-0')

# the newest entry, unless it is older than five minutes
get('newest of five minutes', last_entry_id=f'{int(t * 1000)}-0', latest=True)

# waits up to a second for the next entry
r = get('nothing new', last_entry_id='$', block=1000)
if not r.content:
    print('No new data')
