import { ROUTES, type RouteRule } from '@sluice/contracts';

const line = (
  method: RouteRule['method'],
  path: string,
  access: RouteRule['access'],
  wantsBearer = false,
): RouteRule => {
  return { service: 'sample', method, path, access, wantsBearer, names: 'in tests' };
};

/** The routes of the sample service. */
export const SAMPLE_ROUTES: readonly RouteRule[] = [
  ...ROUTES,
  line('GET', '/things', 'stream:read'),
  line('POST', '/things', 'stream:write'),
  line('GET', '/things/*', 'stream:read'),
  line('WS', '/echo/:name', 'stream:read'),
];
