import { page } from '../http/pages.js';

/** Where a key is tried, and the cookie set. */
export const LOGIN_PATH = '/api/v1/auth/login';
const LOGOUT_PATH = '/api/v1/auth/logout';

/** Asks for a key. @param name of the parameter, which has nothing to escape */
export function loginPage(name: string): string {
  return page(
    'Log in',
    `<form method="get" action="${LOGIN_PATH}"><label>Key <input type="password" name="${name}" required autofocus autocomplete="current-password"></label> <button>Log in</button></form>`,
  );
}

/** Asks whether to log out. */
export function logoutPage(): string {
  return page('Log out', `<form method="get" action="${LOGOUT_PATH}"><button>Log out</button></form>`);
}
