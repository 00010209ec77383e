import { get } from 'node:http';

/** The status of a GET without a body, or 0 when there is no answer within two seconds. */
export function statusOf(url, signal) {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: 2000, signal }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(0));
  });
}
