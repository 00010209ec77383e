import { parseBoolean } from '@sluice/wire';
import { type Setting } from './settings.js';

/** The value of one variable's text, or the reason why it has none. */
export function parseSetting(setting: Setting, text: string): { value: unknown } | { problem: string } {
  switch (setting.type) {
    case 'text':
      return { value: text };
    case 'url':
      return parseUrl(text, setting.secret === true);
    case 'boolean': {
      const value = parseBoolean(text);
      return value === null ? { problem: `must be 1 or 0 (true, false, yes, no, on, off), got "${text}"` } : { value };
    }
    case 'list':
      return { value: itemsOf(text) };
    case 'urls':
      return parseUrls(itemsOf(text));
    case 'choice':
      return setting.values.includes(text)
        ? { value: text }
        : { problem: `must be one of ${setting.values.join(', ')}, got "${text}"` };
    default:
      return parseNumber(setting, text);
  }
}

function parseUrl(text: string, isSecret: boolean): { value: string } | { problem: string } {
  return URL.canParse(text) ? { value: text } : { problem: `must be a URL${isSecret ? '' : `, got "${text}"`}` };
}

function itemsOf(text: string): readonly string[] {
  const items = text.split(',').map((item) => item.trim());
  return Object.freeze(items.filter((item) => item !== ''));
}

function parseUrls(items: readonly string[]): { value: readonly string[] } | { problem: string } {
  const bad = items.find((item) => !URL.canParse(item));
  if (bad !== undefined) return { problem: `must be URLs, got "${bad}"` };
  return items.length > 0 ? { value: items } : { problem: 'must be at least one URL' };
}

function parseNumber(
  setting: Extract<Setting, { type: 'integer' | 'number' | 'port' }>,
  text: string,
): { value: number | null } | { problem: string } {
  const canBeOff = setting.type === 'port' && setting.canBeOff === true;
  if (canBeOff && text === 'off') return { value: null };
  const value = text.trim() === '' ? Number.NaN : Number(text);
  const isWhole = setting.type !== 'number';
  const min = setting.type === 'port' ? 0 : (setting.min ?? (isWhole ? Number.MIN_SAFE_INTEGER : -Number.MAX_VALUE));
  const max =
    setting.type === 'port' ? 65_535 : (setting.max ?? (isWhole ? Number.MAX_SAFE_INTEGER : Number.MAX_VALUE));
  if (Number.isFinite(value) && (!isWhole || Number.isInteger(value)) && value >= min && value <= max) return { value };
  const kind = isWhole ? 'a whole number' : 'a number';
  const unit = setting.unit === undefined ? '' : ` of ${setting.unit}`;
  const range = boundsText(setting.type === 'port' ? { min, max } : setting);
  return { problem: `must be ${kind}${unit}${range}${canBeOff ? ' or off' : ''}, got "${text}"` };
}

function boundsText({ min, max }: { min?: number; max?: number }): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? '' : ` of at most ${max}`;
}
