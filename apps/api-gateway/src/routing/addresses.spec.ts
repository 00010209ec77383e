import { describe, expect, it } from '@jest/globals';
import { ADDRESSES, PTG_DOOR_ADDRESSES, fromPtgDoor, ownerOf } from './addresses.js';

describe('the table of addresses', () => {
  it('gives every path one owner, and divides only roots that are in it', () => {
    const paths = ADDRESSES.map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    for (const path of paths) {
      const [root, ...deeper] = path.split('/');
      expect(deeper.length).toBeLessThan(2);
      expect(paths).toContain(root);
    }
  });

  it.each([
    ['/', 'stream-store'],
    ['/?x=1', 'stream-store'],
    ['/data', 'stream-store'],
    ['/data/', 'stream-store'],
    ['/data/a%2Fb/pull?x=/', 'stream-store'],
    ['/data?x', 'stream-store'],
    ['/graphql', 'registry'],
    ['/graphql/?query=x', 'registry'],
    ['/v1/streams/a/b', 'stream-store'],
    ['/v1/socket', 'stream-store'],
    ['/v1', 'stream-store'],
    ['/v1/me', 'api-gateway'],
    ['/v1/users/alice/password', 'api-gateway'],
    ['/v1/users?x', 'api-gateway'],
    ['/v1/keys', 'api-gateway'],
    ['/v1/tokens/current', 'api-gateway'],
    ['/v1/audit?count=5', 'api-gateway'],
    ['/v1/audits', 'stream-store'],
    ['/v1/streams/users/audit', 'stream-store'],
    ['/ptg', 'stream-store'],
    ['/ptg?x', 'stream-store'],
    ['/ptg/data/a%2Fb/pull', 'stream-store'],
    ['/ptg/token', 'api-gateway'],
    ['/ptg/token/?exp=3', 'api-gateway'],
    ['/ptg/tokens', 'stream-store'],
    ['/ptg//token', 'stream-store'],
    ['/ptg/%74oken', 'stream-store'],
    ['/ptg?/token', 'stream-store'],
    ['/token', 'api-gateway'],
    ['/health', 'api-gateway'],
    ['/health/live', 'api-gateway'],
    ['/metrics', 'api-gateway'],
    ['/api-docs/openapi.json', 'api-gateway'],
    ['/docs', 'channel-gateway'],
    ['/login?token=x', 'channel-gateway'],
    ['/logout', 'channel-gateway'],
    ['/api/v1/last/example', 'channel-gateway'],
    ['/openapi.json', 'channel-gateway'],
    ['/page/page.js', 'api-gateway'],
  ])('finds the owner of %s', (target, owner) => {
    expect(ownerOf(target)).toBe(owner);
  });

  it.each(['/database', '/Data/x', '//data/x', '/%64ata/x', '/..', '*', '', 'data', 'http://localhost/data/x'])(
    'finds no owner of %s',
    (target) => {
      expect(ownerOf(target)).toBeUndefined();
    },
  );
});

describe('the door of the ptg dialect', () => {
  it.each([
    ['/', '/ptg/'],
    ['/?x=1', '/ptg/?x=1'],
    ['/streams?info=true', '/ptg/streams?info=true'],
    ['/data/caf%C3%A9+%2Fb/pull?x=/%20', '/ptg/data/caf%C3%A9+%2Fb/pull?x=/%20'],
    ['/metrics', '/ptg/metrics'],
    ['/token?exp=5', '/ptg/token?exp=5'],
    ['/ptg/streams', '/ptg/ptg/streams'],
    ['/healthy', '/ptg/healthy'],
    ['//health', '/ptg//health'],
    ['/../v1/streams', '/ptg/../v1/streams'],
    ['/health', '/health'],
    ['/health/live?x', '/health/live?x'],
    ['/api-docs/ui/x.css', '/api-docs/ui/x.css'],
    ['/docs', '/api-docs'],
    ['/openapi.json', '/api-docs/openapi.json'],
    ['*', '*'],
    ['', ''],
  ])('has at %s what the front door has at %s', (target, there) => {
    expect(fromPtgDoor(target)).toBe(there);
  });

  it('leads to the owner of the dialect, but for what the gateway answers on every door', () => {
    expect(ownerOf(fromPtgDoor('/streams'))).toBe('stream-store');
    expect(ownerOf(fromPtgDoor('/v1/streams'))).toBe('stream-store');
    expect(ownerOf(fromPtgDoor('/token'))).toBe('api-gateway');
    for (const path of PTG_DOOR_ADDRESSES.keys()) expect(ownerOf(fromPtgDoor(`/${path}`))).toBe('api-gateway');
  });
});
