import { type Right, parseScopes } from '@sluice/contracts';
import { globMatcher } from '@sluice/stream-log';

/** Answers remembered of one credential. */
const MAX_REMEMBERED = 1000;
const MAX_REMEMBERED_CHARS = 512;

/** Names for which one right holds. */
interface NameRule {
  readonly coversAll: boolean;
  readonly matchers: readonly ((name: string) => boolean)[];
}

/** Scopes made ready to be asked. Answers for names asked often are remembered. */
export class Grants {
  readonly #isAdmin: boolean;
  readonly #rules = new Map<Right, NameRule>();
  readonly #remembered = new Map<string, boolean>();

  /** @param scopes scope texts, all of them valid */
  constructor(readonly scopes: readonly string[]) {
    const parsed = parseScopes(scopes);
    this.#isAdmin = parsed.some(({ rights }) => rights.includes('admin'));
    for (const { rights, pattern } of parsed) {
      for (const right of rights) this.#add(right, pattern);
    }
  }

  /** Whether the right holds for a name; without a name: for any at all. */
  allows(right: Right, name?: string): boolean {
    if (this.#isAdmin) return true;
    const rule = this.#rules.get(right);
    if (rule === undefined) return false;
    if (name === undefined || rule.coversAll) return true;
    if (name.length > MAX_REMEMBERED_CHARS) return matches(rule, name);
    const key = `${right} ${name}`;
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    const answer = matches(rule, name);
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(key, answer);
    return answer;
  }

  #add(right: Right, pattern: string | null): void {
    const { coversAll, matchers } = this.#rules.get(right) ?? { coversAll: false, matchers: [] };
    this.#rules.set(right, {
      coversAll: coversAll || pattern === null || pattern === '*',
      matchers: pattern === null ? matchers : [...matchers, globMatcher(pattern)],
    });
  }
}

function matches({ matchers }: NameRule, name: string): boolean {
  return matchers.some((matcher) => matcher(name));
}
