import { rulesOf } from './routes-rule.js';

const EACH_FIELD = 'every stream and device by itself; lists show only what may be read; deleting needs admin';

/** GraphQL: each of its fields asks for the rights it needs. */
export const REGISTRY_ROUTES = rulesOf('registry', [
  ['GET', '/graphql', 'signed-in', EACH_FIELD],
  ['POST', '/graphql', 'signed-in', EACH_FIELD],
  ['WS', '/graphql', 'signed-in', EACH_FIELD],
  ['GET', '/graphql/page', 'public', 'the page asks who somebody is'],
  ['GET', '/graphql/page/:file', 'public', 'files of the page'],
]);
