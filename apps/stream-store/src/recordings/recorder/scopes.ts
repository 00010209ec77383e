import { globMatcher } from '@sluice/stream-log';
import { type Identity } from '@sluice/service-kit';

/** What scope texts (`stream:read`, `stream:read=cam*`, `admin`) allow, as {@link Identity.allows}. */
export function allowedBy(scopes: readonly string[]): Identity['allows'] {
  const rules = scopes.map((scope) => {
    const [right, pattern] = split(scope);
    return { right, matches: pattern === null ? null : globMatcher(pattern) };
  });
  return (right, name) =>
    rules.some(
      (rule) =>
        rule.right === 'admin' ||
        (rule.right === right && (rule.matches === null || name === undefined || rule.matches(name))),
    );
}

function split(scope: string): [right: string, pattern: string | null] {
  const equals = scope.indexOf('=');
  return equals < 0 ? [scope, null] : [scope.slice(0, equals), scope.slice(equals + 1)];
}
