import { EventEmitter } from 'node:events';
import { type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SlowBodies } from './slow-bodies.js';

/** What of a request is looked at. */
class Incoming extends EventEmitter {
  readonly headers = { 'content-length': '1000000' };
  readonly httpVersionMajor = 1;
  readonly socket = { bytesRead: 0 };
  complete = false;
  readableLength = 0;
}

let ended: unknown[];
let slow: SlowBodies;

beforeEach(() => {
  jest.useFakeTimers();
  ended = [];
  slow = new SlowBodies((request) => ended.push(request));
});

afterEach(() => {
  jest.useRealTimers();
});

function watched(): Incoming {
  const request = new Incoming();
  slow.watch(request as unknown as IncomingMessage);
  return request;
}

/** Lets so many seconds pass, with so many bytes of the request in each. */
function pass(seconds: number, request: Incoming, bytesASecond: number): void {
  for (let at = 0; at < seconds; at++) {
    request.socket.bytesRead += bytesASecond;
    jest.advanceTimersByTime(1_000);
  }
}

describe('a body', () => {
  it('that trickles is ended', () => {
    const request = watched();
    pass(14, request, 100);
    expect(ended).toEqual([]);
    pass(2, request, 100);
    expect(ended).toEqual([request]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('that comes on slowly is left alone', () => {
    pass(300, watched(), 1_100);
    expect(ended).toEqual([]);
  });

  it('that is not read is not to blame', () => {
    const request = watched();
    request.readableLength = 65_536;
    pass(300, request, 0);
    expect(ended).toEqual([]);
  });

  it('that has come is forgotten', () => {
    const request = watched();
    request.emit('end');
    expect(jest.getTimerCount()).toBe(0);
  });
});
