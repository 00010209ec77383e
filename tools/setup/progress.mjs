const live = Boolean(process.stdout.isTTY) && !process.env.CI;
const coloured = live && !process.env.NO_COLOR;

const paint = (code) => (text) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);

/** Colours that vanish when the output is not a terminal. */
export const style = { bold: paint(1), dim: paint(2), red: paint(31), green: paint(32), yellow: paint(33) };

/** One line for the reader. */
export function say(text = '') {
  process.stdout.write(`${text}\n`);
}

/** A reason to stop that the reader can act on: printed without a stack. */
export class Refusal extends Error {
  constructor(message, { cause, exitCode = 1 } = {}) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}

/** Prints an error and sets the exit code; a `Refusal` is its message alone, anything else keeps its stack. */
export function reportFailure(error) {
  process.exitCode = error?.exitCode ?? 1;
  process.stderr.write(`${style.red('error')} ${error instanceof Refusal ? error.message : (error?.stack ?? error)}\n`);
}

/**
 * Runs `work` while a line shows what takes time and for how long. Nothing is printed when it ends within `quietMs`;
 * a terminal sees the seconds count, a log file one line at the start and one at the end.
 */
export async function withProgress(title, work, { quietMs = 2000 } = {}) {
  const startedAt = Date.now();
  let shown = false;
  const show = () => {
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    if (live) process.stdout.write(`\r\u001b[K${title} … ${seconds} s`);
    else if (!shown) say(`${title} …`);
    shown = true;
  };
  const first = setTimeout(show, quietMs);
  const tick = live ? setInterval(() => shown && show(), 1000) : undefined;
  try {
    return await work();
  } finally {
    clearTimeout(first);
    clearInterval(tick);
    if (shown) say(`${live ? '\r\u001b[K' : ''}${title}: ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  }
}
