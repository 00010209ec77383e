/** What a route of recipes or sessions answered. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Calls routes of the ptg dialect with any bearer token. */
export function caller(
  store: () => { readonly url: string },
): (method: string, path: string, body?: unknown) => Promise<Answer> {
  return async (method, path, body) => {
    const response = await fetch(`${store().url}/ptg${path}`, {
      method,
      headers: { authorization: 'Bearer any', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  };
}
