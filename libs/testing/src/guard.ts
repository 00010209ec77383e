import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Writable } from 'node:stream';

/**
 * Reads what is to be cleaned up; when its input ends, because the test process ended in whatever way (also by SIGKILL),
 * it kills the processes and removes the directories that are still on its list.
 */
const GUARD_SCRIPT = `
pids=' '; dirs=''
while read -r op arg; do
  case "$op" in
    run) pids="$pids$arg " ;;
    ended) pids=$(printf '%s' "$pids" | sed "s/ $arg / /") ;;
    dir) dirs="$dirs $arg" ;;
  esac
done
for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
for dir in $dirs; do rm -rf "$dir" 2>/dev/null || { sleep 0.2; rm -rf "$dir"; }; done
`;

let guard: Writable | null = null;

function tell(line: string): void {
  if (guard === null) {
    const child = spawn('/bin/sh', ['-c', GUARD_SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    child.on('error', () => undefined);
    child.stdin.on('error', () => undefined);
    child.unref();
    (child.stdin as unknown as { unref(): void }).unref();
    guard = child.stdin;
  }
  guard.write(`${line}\n`);
}

/** The process is killed, at the latest when this process ends, and does not keep it alive. */
export function guardProcess(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  tell(`run ${pid}`);
  child.once('exit', () => tell(`ended ${pid}`));
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    (stream as unknown as { unref?: () => void } | null)?.unref?.();
  }
}

/** A new directory under the system's temporary one, removed at the latest when this process ends. */
export function temporaryDirectory(prefix: string): string {
  const path = mkdtempSync(join(tmpdir(), `sluice-${prefix}-`));
  tell(`dir ${path}`);
  return path;
}
