const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** A count as people read it: 1234567 → "1.23 M". */
export function count(value) {
  if (value >= 1e9) return `${short(value / 1e9)} G`;
  if (value >= 1e6) return `${short(value / 1e6)} M`;
  if (value >= 1e4) return `${short(value / 1e3)} k`;
  return Math.round(value).toLocaleString('en');
}

/** A rate a second; small ones keep a digit behind the point. */
export function rate(value) {
  if (value === 0) return '0';
  return value < 10 ? value.toFixed(1) : count(value);
}

/** Bytes in decimal units. */
export function bytes(value) {
  let unit = 0;
  let rest = value;
  while (rest >= 1000 && unit < BYTE_UNITS.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(rest) : short(rest)} ${BYTE_UNITS[unit]}`;
}

/** How long ago a time was. */
export function age(time, now) {
  if (time === null) return 'never';
  const seconds = Math.max(0, (now - Date.parse(time)) / 1000);
  if (seconds < 1.5) return 'now';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** A length of time in milliseconds. */
export function duration(milliseconds) {
  if (milliseconds < 1000) return `${milliseconds} ms`;
  if (milliseconds < 120_000) return `${round(milliseconds / 1000)} s`;
  if (milliseconds < 7_200_000) return `${round(milliseconds / 60_000)} min`;
  return `${round(milliseconds / 3_600_000)} h`;
}

/** A word for a POSIX shell. */
export function shellWord(text) {
  return /^[\w.,:/@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function short(value) {
  if (value >= 100) return String(Math.round(value));
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function round(value) {
  return Math.round(value * 10) / 10;
}
