/**
 * Calls back when the current event-loop turn is over. Not a microtask: a loop that awaits settled promises runs on in
 * microtasks, and everything it makes shall leave together.
 */
export const atEndOfTurn: (run: () => void) => void =
  typeof setImmediate === 'function' ? (run) => void setImmediate(run) : inBrowser();

function inBrowser(): (run: () => void) => void {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  const receiver = port1 as unknown as EventTarget & { start(): void };
  receiver.addEventListener('message', () => waiting.shift()?.());
  receiver.start();
  return (run) => {
    waiting.push(run);
    port2.postMessage(0);
  };
}
