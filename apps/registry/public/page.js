// The GraphQL page: GraphiQL, once it is known that whoever looks at it may ask.

const ENDPOINT = '/graphql';
const UNAUTHENTICATED = 401;

const form = document.querySelector('#login');
const problem = document.querySelector('#problem');
/** A token given by hand; kept nowhere but here. */
let token = null;

globalThis.MonacoEnvironment = {
  globalAPI: false,
  getWorkerUrl: (_module, label) => `${ENDPOINT}/page/${label}.worker.js`,
};

/** Where to ask; WebSockets of browsers have no headers, so a token goes into the query. */
function endpoint() {
  return token === null ? ENDPOINT : `${ENDPOINT}?token=${encodeURIComponent(token)}`;
}

/** Whether this page may ask. */
async function isLoggedIn() {
  const answer = await fetch(endpoint(), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ __typename }' }),
  });
  return answer.status !== UNAUTHENTICATED;
}

/** Logs in; the cookie that keeps it is one that no script can read. Returns what is wrong, or null. */
async function logIn(fields) {
  const given = String(fields.get('token')).trim();
  if (given !== '') {
    token = given;
    if (await isLoggedIn()) return null;
    token = null;
    return 'The token is not accepted.';
  }
  const body = new URLSearchParams({ username: fields.get('username'), password: fields.get('password') });
  const answer = await fetch('/token', { method: 'POST', body });
  if (answer.ok) return null;
  const told = await answer.json().catch(() => null);
  return typeof told?.detail === 'string' ? told.detail : (told?.error?.message ?? `Log-in failed (${answer.status}).`);
}

async function show() {
  form.hidden = true;
  const examples = await (await fetch(`${ENDPOINT}/page/examples.json`)).json();
  await load(`${ENDPOINT}/page/graphiql.js`);
  globalThis.YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), {
    endpoint: endpoint(),
    subscriptionsProtocol: 'WS',
    title: 'Sluice',
    logo: '<img src="/graphql/page/icon.svg" alt="" width="32" height="32">',
    defaultTabs: examples.map(({ query, variables }) => ({
      query,
      variables: variables === undefined ? null : JSON.stringify(variables, null, 2),
    })),
    // Headers may hold a token.
    shouldPersistHeaders: false,
    // GraphiQL would put each query into the address of the page, where a reload would execute it.
    onEditQuery: () => undefined,
  });
}

function load(src) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.addEventListener('load', resolve);
    script.addEventListener('error', () => reject(new Error(`${src} cannot be loaded`)));
    script.src = src;
    document.head.append(script);
  });
}

function tell(text) {
  problem.textContent = text;
  problem.hidden = false;
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const button = form.querySelector('button');
  button.disabled = true;
  logIn(new FormData(form))
    .then((wrong) => (wrong === null ? show() : tell(wrong)))
    .catch((error) => tell(error.message))
    .finally(() => {
      button.disabled = false;
    });
});

if (await isLoggedIn()) await show();
else {
  form.hidden = false;
  form.querySelector('input').focus();
}
