import { type Right } from './rights.js';

/**
 * Who may call a route in strict mode: everybody, whoever is signed in, or who has a right (for any name at all; the
 * route itself asks for the names it touches).
 */
export type RouteAccess = 'public' | 'signed-in' | Right;

/** One line of the table of routes. */
export interface RouteRule {
  /** Service that has the route; `*`: every service. */
  readonly service: string;
  /** HTTP method, or `WS` for a WebSocket. */
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'WS';
  /** Pattern: `:name` is one part of the path, `*` the rest. */
  readonly path: string;
  readonly access: RouteAccess;
  /** In open mode, where everybody may do everything, the route still wants any bearer token, as its original does. */
  readonly wantsBearer: boolean;
  /** Which names the right is asked for, or why none is needed; a few words for the documents. */
  readonly names: string;
}

/** Lines of the table that belong together. */
export type RouteLines = readonly (readonly [
  method: RouteRule['method'],
  path: string,
  access: RouteAccess,
  names: string,
])[];

/** Makes lines into rules of one service. */
export function rulesOf(service: string, lines: RouteLines, wantsBearer = false): RouteRule[] {
  return lines.map(([method, path, access, names]) => ({ service, method, path, access, wantsBearer, names }));
}
