import { logIn, logOut, readMe } from './api.js';
import { byId, setText } from './dom.js';

/** Where everybody has to say who they are, asks for it; a cookie that no script can read keeps the answer. */
export class Login {
  #form = byId('login');
  #problem = byId('login-problem');
  #who = byId('who');
  #onLoggedIn;

  /** @param {() => void} onLoggedIn called when the page may read again */
  constructor(onLoggedIn) {
    this.#onLoggedIn = onLoggedIn;
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit();
    });
    byId('log-out').addEventListener('click', () => void this.#leave());
    void this.#showWho();
  }

  /** Whether somebody is being asked: nothing can be read meanwhile. */
  get isAsking() {
    return !this.#form.hidden;
  }

  /** Asks for a name and a password. */
  ask() {
    if (this.isAsking) return;
    this.#form.hidden = false;
    this.#who.hidden = true;
    byId('login-name').focus();
  }

  async #submit() {
    const button = byId('login-send');
    button.disabled = true;
    try {
      await logIn(new FormData(this.#form));
    } catch (error) {
      setText(this.#problem, error.message);
      this.#problem.hidden = false;
      return;
    } finally {
      button.disabled = false;
    }
    this.#problem.hidden = true;
    this.#form.reset();
    this.#form.hidden = true;
    await this.#showWho();
    this.#onLoggedIn();
  }

  async #leave() {
    await logOut().catch(() => undefined);
    location.reload();
  }

  /** Who is logged in, where that matters. */
  async #showWho() {
    const me = await readMe().catch(() => null);
    this.#who.hidden = me?.mode !== 'strict';
    if (me !== null) setText(byId('who-name'), me.subject);
  }
}
