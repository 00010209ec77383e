import { isIP, isIPv4 } from 'node:net';

/** Host name of a Host header or URL authority: lower case, without port and brackets. Null when malformed. */
export function hostnameOf(authority: string): string | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(authority);
  const name = match?.[1] ?? match?.[2];
  return name === undefined ? null : name.toLowerCase().replace(/\.$/, '');
}

/** Whether a name can only mean this machine: `localhost`, names below it, 127.0.0.0/8 and ::1. */
export function isLoopbackName(hostname: string): boolean {
  if (hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '::1') return true;
  if (hostname.startsWith('::ffff:')) return isLoopbackName(hostname.slice('::ffff:'.length));
  return isIPv4(hostname) && hostname.startsWith('127.');
}

/** Whether a host name is an address in figures. */
export function isAddress(hostname: string): boolean {
  return isIP(hostname) !== 0;
}
