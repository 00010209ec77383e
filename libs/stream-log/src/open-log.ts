import { type StreamAdmin } from './admin/admin.js';
import { StreamLog, type StreamLogOptions } from './stream-log.js';

/**
 * The log of a service, joined with its administration: writers keep each stream's own retention, what is made is told to whoever
 * follows patterns, and what others make and delete is heard.
 * @throws SluiceError as `StreamLog.connect`
 */
export async function openLog(
  admin: StreamAdmin,
  options: Omit<StreamLogOptions, 'retention' | 'onFirstAppend'>,
): Promise<StreamLog> {
  const log = await StreamLog.connect({
    ...options,
    retention: admin.keeper,
    onFirstAppend: (key) => admin.discovery.noteAppend(key),
  });
  admin.discovery.attach(
    (key, followOptions, sink) => log.follow(key, followOptions, sink),
    (key) => log.announceAgain(key),
  );
  return log;
}
