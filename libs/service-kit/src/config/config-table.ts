import { type Setting, type Settings } from './settings.js';

/** Settings as a Markdown table for the documents. */
export function configTable(settings: Settings): string {
  const rows = Object.values(settings).map((setting) => [
    `\`${setting.env}\``,
    defaultText(setting),
    setting.unit ?? '',
    `${setting.doc}${setting.type === 'choice' ? ` One of ${setting.values.map((value) => `\`${value}\``).join(', ')}.` : ''}`,
  ]);
  return [['Variable', 'Default', 'Unit', 'Meaning'], ['---', '---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
}

function defaultText(setting: Setting): string {
  const value = setting.default;
  if (setting.secret === true && value !== null) return '(hidden)';
  if (value === null || value === '' || (Array.isArray(value) && value.length === 0)) return '';
  if (typeof value === 'boolean') return value ? '`1`' : '`0`';
  return `\`${Array.isArray(value) ? value.join(',') : String(value)}\``;
}
