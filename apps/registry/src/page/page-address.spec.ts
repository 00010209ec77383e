import { describe, expect, it } from '@jest/globals';
import { addressOf } from './page-address.js';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

describe('what is answered at /graphql', () => {
  it.each([
    ['GET', '/graphql', BROWSER, 'the page'],
    ['GET', '/graphql/', '*/*', 'the page'],
    ['GET', '/graphql?variables={}', 'text/html', 'the page'],
    ['GET', '/graphql?query={__typename}', BROWSER, 'GraphQL'],
    ['GET', '/graphql?query=', BROWSER, 'GraphQL'],
    ['GET', '/graphql', 'application/json', 'GraphQL'],
    ['GET', '/graphql', undefined, 'GraphQL'],
    ['POST', '/graphql', BROWSER, 'GraphQL'],
    ['GET', '/graphql/page/page.js', BROWSER, 'GraphQL'],
    ['GET', '/health', BROWSER, 'GraphQL'],
  ])('is for %s %s with accept %s: %s', (method, url, accept, what) => {
    const headers = accept === undefined ? {} : { accept };
    expect(addressOf({ method, url, headers })).toBe(what === 'the page' ? '/graphql/page' : url);
  });
});
