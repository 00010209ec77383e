import { type IncomingMessage } from 'node:http';
import { type Edge, type RequestInterceptor } from '@sluice/service-kit';
import { type Limits } from '../limits/limits.js';
import { type HttpProxy } from '../proxy/http-proxy.js';
import { type Upstreams } from '../proxy/services.js';
import { ownerOf } from './addresses.js';

interface Parts {
  readonly edge: Edge;
  readonly limits: Limits;
  readonly upstreams: Upstreams;
  readonly http: HttpProxy;
}

/** Counts every request against its client's limit, and hands on those that a service owns; the rest is the gateway's. */
export function interceptor({ edge, limits, upstreams, http }: Parts): RequestInterceptor {
  return (request, response) => {
    const refusal = limits.requests.take(edge.proxies.clientAddress(request));
    if (refusal !== null) {
      edge.sendError(request, response, refusal);
      return true;
    }
    const target = request.url ?? '/';
    const service = upstreams.find(ownerOf(target));
    if (service === undefined || (isRoot(target) && wantsPage(request))) return false;
    http.forward(service, request, response);
    return true;
  };
}

function isRoot(target: string): boolean {
  return target === '/' || target.startsWith('/?');
}

/** Browsers name `text/html` when somebody opens an address; programs do not. */
function wantsPage(request: IncomingMessage): boolean {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  return isRead && (request.headers.accept?.includes('text/html') ?? false);
}
