import { expect, it } from '@jest/globals';
import { readConfig } from './config.js';

it('the environment says where Sluice is; empty is as good as unset', () => {
  expect(readConfig({ HOME: '/home/a' })).toEqual({
    url: 'http://127.0.0.1:8000',
    token: undefined,
    configFolder: '/home/a/.config',
    hasColor: true,
  });
  expect(readConfig({ SLUICE_URL: '', SLUICE_TOKEN: '' })).toMatchObject({
    url: 'http://127.0.0.1:8000',
    token: undefined,
  });
  expect(readConfig({ HOME: '/home/a', XDG_CONFIG_HOME: 'relative' }).configFolder).toBe('/home/a/.config');
  expect(readConfig({ SLUICE_URL: 'ws://x', SLUICE_TOKEN: 't', NO_COLOR: '1', XDG_CONFIG_HOME: '/c' })).toEqual({
    url: 'ws://x',
    token: 't',
    configFolder: '/c',
    hasColor: false,
  });
});
