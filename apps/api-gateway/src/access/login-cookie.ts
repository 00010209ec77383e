/** A cookie ends this long before its token. */
const MARGIN_SECONDS = 60;
const NAME = 'authorization';

/** How long a cookie lives, and over what it goes. */
export interface CookieOptions {
  readonly lifetimeSeconds: number;
  /** Less than the token's lifetime, when the client asked for it. */
  readonly askedSeconds: number | null;
  /** Whether the cookie shall only ever go over TLS. */
  readonly isSecure: boolean;
}

/** The cookie that carries a token: scripts cannot read it, and foreign pages do not send it along with what they post. */
export function loginCookie(token: string, { lifetimeSeconds, askedSeconds, isSecure }: CookieOptions): string {
  const longest = lifetimeSeconds - MARGIN_SECONDS;
  const maxAge = Math.max(0, Math.min(askedSeconds ?? longest, longest));
  return cookie(`"Bearer ${token}"`, maxAge, isSecure);
}

/** Makes the browser forget the cookie. */
export function clearedCookie(isSecure: boolean): string {
  return cookie('""', 0, isSecure);
}

function cookie(value: string, maxAge: number, isSecure: boolean): string {
  return `${NAME}=${value}; HttpOnly; Max-Age=${maxAge}; Path=/; SameSite=lax${isSecure ? '; Secure' : ''}`;
}
