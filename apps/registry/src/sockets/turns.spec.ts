import { expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { Turns } from './turns.js';

it('a client that does not read has a few answers made for it, and all of them once it reads', async () => {
  let read = (): void => undefined;
  const reads = new Promise<void>((resolve) => (read = resolve));
  const turns = new Turns({ ready: () => reads, isClosed: false }, 20);
  let made = 0;
  const answers = Array.from({ length: 24 }, () => turns.run(async () => (made += 1)));
  expect(await turns.run(async () => 'one too many')).toBeNull();
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(made).toBe(4);
  read();
  await Promise.all(answers);
  expect(made).toBe(24);
});

it('work that fails makes room for the next', async () => {
  const turns = new Turns({ ready: async () => undefined, isClosed: false }, 20);
  const failing = Array.from({ length: 10 }, () => turns.run(() => Promise.reject(new Error('no'))));
  expect((await Promise.allSettled(failing)).map(({ status }) => status)).toEqual(Array(10).fill('rejected'));
  let isDone = false;
  void turns.run(async () => (isDone = true));
  await waitFor(() => isDone);
});

it('what waits when the socket closes is not worked at', async () => {
  let close = (): void => undefined;
  const closing = new Promise<void>((resolve) => (close = resolve));
  const sink = { ready: () => closing, isClosed: false };
  const turns = new Turns(sink, 20);
  const answers = Array.from({ length: 10 }, () => turns.run(async () => 'made'));
  await Promise.all(answers.slice(0, 4));
  sink.isClosed = true;
  close();
  expect((await Promise.all(answers)).filter((answer) => answer !== null)).toHaveLength(4);
});
