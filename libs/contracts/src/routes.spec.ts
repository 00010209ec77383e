import { describe, expect, it } from '@jest/globals';
import { isRight } from './rights.js';
import { ROUTES, findRule } from './routes.js';

const shown = ({ service, method, path }: (typeof ROUTES)[number]): string => `${service} ${method} ${path}`;

describe('the table of routes', () => {
  it('has one line for each route', () => {
    for (const rule of ROUTES) expect([shown(rule), findRule(ROUTES, rule)]).toEqual([shown(rule), rule]);
  });

  it('asks for rights that exist and says of each route which names they are asked for', () => {
    for (const { access, names } of ROUTES) {
      expect(access === 'public' || access === 'signed-in' || isRight(access)).toBe(true);
      expect(names).not.toBe('');
    }
  });

  it('leaves no route of the ptg dialect public that its original protects', () => {
    const open = /^\/ptg\/(token$|ping|metrics$|mjpeg\/|recordings\/(static|upload)\/)/;
    const ptg = ROUTES.filter(({ path }) => path.startsWith('/ptg'));
    for (const rule of ptg) expect([shown(rule), rule.wantsBearer]).toEqual([shown(rule), !open.test(rule.path)]);
  });

  it.each([
    ['GET', '/data/:sid', 'stream:read'],
    ['HEAD', '/data/:sid', 'stream:read'],
    ['POST', '/data/:whatever/', 'stream:write'],
    ['WS', '/data/:a/push', 'stream:write'],
    ['GET', '/metrics', 'public'],
    ['GET', '/ptg/mjpeg/chunked/*path', 'stream:read'],
    ['GET', '/api-docs/index.html', 'public'],
  ])('finds %s %s whatever its parts are called', (method, path, access) => {
    expect(findRule(ROUTES, { service: 'stream-store', method, path })?.access).toBe(access);
  });

  it.each([
    ['PATCH', '/data/:sid', 'stream-store'],
    ['GET', '/data/:sid/push', 'stream-store'],
    ['GET', '/data', 'stream-store'],
    ['GET', '/api-docsx', 'stream-store'],
    ['POST', '/api-docs/index.html', 'stream-store'],
    ['GET', '/data/:sid', 'api-gateway'],
    ['GET', '/v1/users', 'stream-store'],
  ])('has no line for %s %s of %s', (method, path, service) => {
    expect(findRule(ROUTES, { service, method, path })).toBeUndefined();
  });
});
