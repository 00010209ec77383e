/** Latest time that a JavaScript date can show. */
const MAX_DATE_MS = 8_640_000_000_000_000;

/** `YYYY-MM-DD HH:MM:SS.ffffff` in the time zone of the server; null for times beyond what a date can hold. */
export function localTime(timeMs: number): string | null {
  if (timeMs > MAX_DATE_MS) return null;
  const date = new Date(timeMs);
  const day = [pad(date.getFullYear(), 4), pad(date.getMonth() + 1), pad(date.getDate())].join('-');
  const time = [pad(date.getHours()), pad(date.getMinutes()), pad(date.getSeconds())].join(':');
  return `${day} ${time}.${pad(date.getMilliseconds(), 3)}000`;
}

function pad(value: number, digits = 2): string {
  return String(value).padStart(digits, '0');
}
