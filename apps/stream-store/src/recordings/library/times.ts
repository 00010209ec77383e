const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A time as the C locale writes it, in the server's time zone: `Sat Nov  7 14:39:22 2026`. */
export function formatTime(ms: number): string {
  const time = new Date(ms);
  const date = `${DAYS[time.getDay()]} ${MONTHS[time.getMonth()]} ${String(time.getDate()).padStart(2)}`;
  return `${date} ${clock(time, ':')} ${time.getFullYear()}`;
}

/** Hours, minutes and whole seconds, with days before them where there are any: `1 day, 0:00:02`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const days = Math.floor(whole / 86_400);
  const rest = `${Math.floor(whole / 3600) % 24}:${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}`;
  if (days === 0) return rest;
  return `${days} day${days === 1 ? '' : 's'}, ${rest}`;
}

/** Name of a recording that was given none: the server's time, `2026.11.21-14.39.22`. */
export function nameOfTime(ms: number): string {
  const time = new Date(ms);
  return `${time.getFullYear()}.${pad(time.getMonth() + 1)}.${pad(time.getDate())}-${clock(time, '.')}`;
}

function clock(time: Date, between: string): string {
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map(pad).join(between);
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
