/** Whether nobody has to say who they are (`open`), or everybody has to (`strict`). */
export type AuthMode = 'open' | 'strict';

/** Answer of `POST /token`; the names are those of the ptg dialect. */
export interface TokenAnswer {
  readonly access_token: string;
  readonly token_type: 'bearer';
}

/** Who a credential stands for. */
export interface Me {
  /** Name of a user, `key:<name>` for an API key, `anonymous` without a credential. */
  readonly subject: string;
  /** What the credential allows. */
  readonly scopes: readonly string[];
  readonly mode: AuthMode;
}

/** A user as lists show it. */
export interface UserView {
  readonly name: string;
  readonly scopes: readonly string[];
  /** ISO 8601. */
  readonly createdAt: string;
}

/** An API key as lists show it: never its secret. */
export interface ApiKeyView {
  readonly name: string;
  readonly scopes: readonly string[];
  /** The user who made it. */
  readonly owner: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** ISO 8601, to the minute; null when it was never used. */
  readonly lastUsedAt: string | null;
}

/** A new API key, with what is shown this once. */
export interface NewApiKeyView extends ApiKeyView {
  readonly secret: string;
}

/** One entry of the audit trail. */
export interface AuditEntryView {
  /** Id of the entry in the audit stream. */
  readonly id: string;
  /** ISO 8601. */
  readonly time: string;
  /** What happened, such as `login` or `user-added`. */
  readonly event: string;
  /** Who did it, or tried to, as far as that is known. */
  readonly subject: string | null;
  /** Facts beside: address, route, what was changed. */
  readonly details: Readonly<Record<string, unknown>>;
}
