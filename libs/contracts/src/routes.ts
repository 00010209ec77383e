import { CHANNEL_ROUTES } from './routes-channels.js';
import { GATEWAY_ROUTES } from './routes-gateway.js';
import { KIT_ROUTES } from './routes-kit.js';
import { PTG_ROUTES } from './routes-ptg.js';
import { REGISTRY_ROUTES } from './routes-registry.js';
import { type RouteRule } from './routes-rule.js';
import { STREAM_ROUTES } from './routes-streams.js';

/**
 * Every route of every service and who may call it: the one table. A service with a route that is not in it does not
 * start. An entry without a route does no harm: the route may be another service's.
 */
export const ROUTES: readonly RouteRule[] = [
  ...KIT_ROUTES,
  ...GATEWAY_ROUTES,
  ...STREAM_ROUTES,
  ...REGISTRY_ROUTES,
  ...PTG_ROUTES,
  ...CHANNEL_ROUTES,
];

/**
 * The entry of a route; undefined when there is none. `HEAD` is what `GET` is, names of path parts do not matter, and an
 * entry that ends in `/*` stands for every route below it that has none of its own.
 */
export function findRule(
  rules: readonly RouteRule[],
  route: { readonly service: string; readonly method: string; readonly path: string },
): RouteRule | undefined {
  const method = route.method === 'HEAD' ? 'GET' : route.method;
  const shape = shapeOf(route.path);
  const candidates = rules.filter(
    (rule) => (rule.service === '*' || rule.service === route.service) && rule.method === method,
  );
  return (
    candidates.find((rule) => shapeOf(rule.path) === shape) ??
    candidates.find((rule) => rule.path.endsWith('/*') && shape.startsWith(shapeOf(rule.path).slice(0, -1)))
  );
}

/** A path pattern without the names of its parts: `/data/:sid/` and `/data/:stream_id` are the same. */
function shapeOf(path: string): string {
  const parts = path.split('/').map((part) => {
    if (part.startsWith(':')) return ':';
    return part.startsWith('*') ? '*' : part;
  });
  return parts.join('/').replace(/\/$/, '');
}
