import { Socket } from './socket.mjs';

export const v1Protocol = 'sluice.v1';

/**
 * Opens a follower. A dialect's path says all; in sluice.v1 `follow` is sent after the greeting, and the follower is open once
 * its positions are confirmed. `hello` of the result is the greeting.
 */
export async function openPuller({ port, path, encoding, entryBytes, follow }, hooks) {
  if (encoding !== 'v1') return await Socket.open({ port, path, encoding, entryBytes }, hooks);
  const following = Promise.withResolvers();
  const onText = (text, socket) => {
    const message = JSON.parse(text);
    if (message.hello) socket.sendText(JSON.stringify({ op: 'follow', sub: 1, ...follow }));
    else if (message.following) following.resolve();
    else {
      const failure = new Error(`the server said ${text.slice(0, 300)}`);
      following.reject(failure);
      hooks.onFailure(failure);
    }
  };
  const socket = await Socket.open({ port, path, protocol: v1Protocol, encoding, entryBytes }, { ...hooks, onText });
  await following.promise;
  return socket;
}
