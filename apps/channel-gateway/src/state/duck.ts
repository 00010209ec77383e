import { availableParallelism } from 'node:os';
import { DuckDBInstance } from '@duckdb/node-api';

const MOST_THREADS = 4;

/** A database in memory that reaches nothing outside of itself: no files, no network, no extensions, no settings. */
export async function openDatabase(options: {
  readonly memoryMiB: number;
  readonly threads?: number;
}): Promise<DuckDBInstance> {
  return DuckDBInstance.create(':memory:', {
    threads: String(options.threads ?? Math.min(MOST_THREADS, availableParallelism())),
    memory_limit: `${options.memoryMiB}MiB`,
    temp_directory: '',
    enable_external_access: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    lock_configuration: 'true',
  });
}
