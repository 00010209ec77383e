import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { readConfig } from './config.js';
import { type Host } from './host.js';
import { Prompt } from './prompt.js';

/** A terminal that remembers whether it was raw whenever something was read from it. */
class Keyboard extends PassThrough {
  readonly isTTY = true;
  isRaw = false;

  setRawMode(isRaw: boolean): this {
    this.isRaw = isRaw;
    return this;
  }
}

function hostOf(stdin: Host['stdin']): { host: Host; shown: () => string; ending: AbortController } {
  const stderr = new PassThrough();
  const ending = new AbortController();
  const host = { stdin, stdout: new PassThrough(), stderr, config: readConfig({}), signal: ending.signal };
  return { host, shown: () => String(stderr.read() ?? ''), ending };
}

describe('at a terminal', () => {
  it('a secret is read raw, with its corrections, and never shown', async () => {
    const keyboard = new Keyboard();
    const { host, shown } = hostOf(keyboard);
    const secret = new Prompt(host).secret('password');
    expect(keyboard.isRaw).toBe(true);
    for (const keys of ['wrong\u0015', 'sü', 'x\u007F', 'per\r']) keyboard.write(keys);
    expect(await secret).toBe('süper');
    expect([keyboard.isRaw, shown()]).toEqual([false, 'password: \n']);
  });

  it('a new secret is typed twice, also in one go, and must be the same', async () => {
    const keyboard = new Keyboard();
    keyboard.write('one\rone\rone\rtwo\r');
    const prompt = new Prompt(hostOf(keyboard).host);
    expect(await prompt.newSecret('password')).toBe('one');
    await expect(prompt.newSecret('password')).rejects.toThrow('differ');
  });

  it.each([
    ['Ctrl-C', (keyboard: Keyboard) => keyboard.write('sec\u0003')],
    ['the end of input', (keyboard: Keyboard) => keyboard.end('sec')],
  ])('%s gives up, and the terminal echoes again', async (_how, giveUp) => {
    const keyboard = new Keyboard();
    const secret = new Prompt(hostOf(keyboard).host).secret('password');
    giveUp(keyboard);
    await expect(secret).rejects.toThrow('given up');
    expect(keyboard.isRaw).toBe(false);
  });

  it('SIGTERM gives up', async () => {
    const keyboard = new Keyboard();
    const { host, ending } = hostOf(keyboard);
    const secret = new Prompt(host).secret('password');
    ending.abort('SIGTERM');
    await expect(secret).rejects.toThrow('given up');
    expect(keyboard.isRaw).toBe(false);
  });
});

describe('without a terminal', () => {
  it('each answer is a line, the last one also without its end', async () => {
    const stdin = new PassThrough();
    stdin.end('old one\r\n new one');
    const prompt = new Prompt(hostOf(stdin).host);
    expect(await prompt.secret('present password')).toBe('old one');
    expect(await prompt.newSecret('new password')).toBe(' new one');
    await expect(prompt.ask('more')).rejects.toThrow('more: give it on standard input');
  });

  it('an endless line is refused', async () => {
    const stdin = new PassThrough();
    stdin.write('x'.repeat(10_000));
    await expect(new Prompt(hostOf(stdin).host).secret('password')).rejects.toThrow('too long');
  });
});
