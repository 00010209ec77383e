import { type ErrorDialect } from '@sluice/service-kit';

/** What is wrong with a request to GraphQL before it is read: told as GraphQL tells errors. Who may not come in is told as everywhere. */
export const GRAPHQL_ERRORS: ErrorDialect = {
  owns: (path) => path === '/graphql',
  reply: ({ code, status, message }) =>
    code === 'MESSAGE_TOO_LARGE' ? { status, body: { data: null, errors: [{ message, extensions: { code } }] } } : null,
};
