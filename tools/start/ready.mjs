import { get } from 'node:http';
import { get as getSecurely } from 'node:https';

/**
 * The status of a GET without a body, or 0 when there is no answer within two seconds. The certificate is not looked at: it is
 * an app of our own that is asked, and nothing is told to it.
 */
export function statusOf(url, signal) {
  return new Promise((resolve) => {
    const [ask, own] = url.startsWith('https:') ? [getSecurely, { rejectUnauthorized: false }] : [get, {}];
    const request = ask(url, { ...own, agent: false, timeout: 2000, signal }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(0));
  });
}
