/*
 * Times as the dialect writes them: ISO texts in UTC with up to six digits of a second. A time with a zone ends in `Z`, one
 * without has no suffix; what the clients send is kept to the microsecond.
 */

const DATE = String.raw`(\d{4})-(\d\d)-(\d\d)`;
const CLOCK = String.raw`(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?`;
const DATE_TIME = new RegExp(String.raw`^${DATE}(?:[Tt ]${CLOCK}\s?([Zz]|[+-]\d\d(?::?\d\d)?)?)?$`);
const ONLY_DATE = new RegExp(`^${DATE}$`);
const ONLY_TIME = new RegExp(`^${CLOCK}$`);
const NUMBER = /^[+-]?\d+(\.\d+)?$/;
const DURATION =
  /^([+-])?P(?=.)(?:(\d+(?:\.\d+)?)D)?(?:T(?=.)(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;
/** Larger numbers of a time are milliseconds, not seconds. */
const LARGEST_SECONDS = 2e10;
const LARGEST_MS = 253_402_300_799_999;

/** The moment, UTC and without zone, as a record's own timestamp has it. */
export function timestampOf(ms: number, micros = 0): string {
  return textOf(ms, micros, false);
}

/** The present moment as {@link timestampOf} has it; records of one millisecond share the text. */
export function presentTimestamps(): () => string {
  let atMs = -1;
  let text = '';
  return () => {
    const now = Date.now();
    if (now !== atMs) text = timestampOf(now);
    atMs = now;
    return text;
  };
}

/**
 * Reads a date-time: ISO text with or without zone, or seconds (or milliseconds) since 1970 as a number or text.
 * @param keepsZone whether a time with a zone is to end in `Z`
 * @returns null for what is none
 */
export function readDateTime(value: unknown, keepsZone: boolean): string | null {
  if (typeof value === 'number' || (typeof value === 'string' && NUMBER.test(value))) {
    return ofEpoch(Number(value), keepsZone);
  }
  const match = typeof value === 'string' ? DATE_TIME.exec(value) : null;
  if (match === null) return null;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] = match;
  const date = { year: Number(year), month: Number(month), day: Number(day) };
  const clock = { hour: Number(hour), minute: Number(minute), second: Number(second) };
  if (!isDate(date) || !isClock(clock)) return null;
  const offset = zone === undefined ? 0 : offsetMinutes(zone);
  if (offset === null) return null;
  const micros = microsOf(fraction);
  const ms = utc(date) + ((clock.hour * 60 + clock.minute - offset) * 60 + clock.second) * 1000;
  if (ms < -62_135_596_800_000 || ms > LARGEST_MS) return null;
  return textOf(ms, micros, keepsZone && zone !== undefined);
}

/** Reads a date: ISO text, also that of a date-time at midnight. */
export function readDate(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const match = ONLY_DATE.exec(value.replace(/[Tt ]00:00(:00(\.0+)?)?Z?$/, ''));
  if (match === null) return null;
  const [, year, month, day] = match;
  return isDate({ year: Number(year), month: Number(month), day: Number(day) }) ? match[0] : null;
}

/** Reads a time of day: `10:11`, `10:11:12`, `10:11:12.5`. */
export function readTime(value: unknown): string | null {
  const match = typeof value === 'string' ? ONLY_TIME.exec(value) : null;
  if (match === null) return null;
  const [, hour = '', minute = '', second = '00', fraction = ''] = match;
  if (!isClock({ hour: Number(hour), minute: Number(minute), second: Number(second) })) return null;
  return `${hour}:${minute}:${second}${fractionText(microsOf(fraction))}`;
}

/** Reads a duration: seconds as a number or text, or an ISO 8601 text such as `PT1M30S`; in seconds. */
export function readDuration(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'string') return null;
  if (NUMBER.test(value)) return Number(value);
  const match = DURATION.exec(value);
  if (match === null) return null;
  const [, sign, days = '0', hours = '0', minutes = '0', seconds = '0'] = match;
  const total = Number(days) * 86_400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return sign === '-' ? -total : total;
}

function ofEpoch(value: number, keepsZone: boolean): string | null {
  const isMs = Math.abs(value) > LARGEST_SECONDS;
  const micros = Math.round(isMs ? value * 1000 : value * 1e6);
  const ms = Math.floor(micros / 1e6) * 1000;
  if (!Number.isFinite(micros) || ms < -62_135_596_800_000 || ms > LARGEST_MS) return null;
  return textOf(ms, micros - ms * 1000, keepsZone);
}

/** @param ms whole seconds in milliseconds, or any when `micros` is 0 */
function textOf(ms: number, micros: number, hasZone: boolean): string {
  const whole = Math.floor(ms / 1000) * 1000;
  const text = new Date(whole).toISOString().slice(0, 19);
  return text + fractionText(micros + (ms - whole) * 1000) + (hasZone ? 'Z' : '');
}

function fractionText(micros: number): string {
  return micros === 0 ? '' : `.${String(micros).padStart(6, '0')}`;
}

function microsOf(fraction: string): number {
  return Number(fraction.slice(0, 6).padEnd(6, '0'));
}

function offsetMinutes(zone: string): number | null {
  if (zone === 'Z' || zone === 'z') return 0;
  const digits = zone.slice(1).replace(':', '');
  const [hours, minutes] = [Number(digits.slice(0, 2)), Number(digits.slice(2) || '0')];
  if (hours > 23 || minutes > 59) return null;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

function utc({ year, month, day }: { year: number; month: number; day: number }): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime();
}

function isDate({ year, month, day }: { year: number; month: number; day: number }): boolean {
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  return day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}

function isClock({ hour, minute, second }: { hour: number; minute: number; second: number }): boolean {
  return hour < 24 && minute < 60 && second < 60;
}
