import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp, type RedisServer, type RunningApp } from '@sluice/testing';
import { type Application } from '../../src/sdk/index.js';

/** An application that another process can make too: by a function of a file, called with what is mounted. */
export interface Sourced extends Application {
  readonly source: { readonly file: string; readonly name: string; readonly mounts: Application['mounts'] };
}

/** Processes of the channel gateway behind a gateway, which is where the tests ask. */
export class Replicas {
  private constructor(
    readonly front: RunningApp,
    readonly replicas: readonly RunningApp[],
    private readonly folder: string,
  ) {}

  static async start(count: number, { redis, application, environment }: ReplicaOptions): Promise<Replicas> {
    const folder = mkdtempSync(join(tmpdir(), 'replicas-'));
    const variables: Record<string, string> = { REDIS_URL: redis.url, SLUICE_LOG_LEVEL: 'silent', ...environment };
    if (application !== null) variables['SLUICE_CHANNELS'] = writeApplication(folder, application);
    const starting = Array.from({ length: count }, () => startApp('channel-gateway', variables));
    const replicas = await Promise.all(starting);
    const urls = replicas.map(({ url }) => url).join(',');
    const front = await startApp('api-gateway', { REDIS_URL: redis.url, SLUICE_CHANNEL_GATEWAY_URL: urls });
    return new Replicas(front, replicas, folder);
  }

  async stop(): Promise<void> {
    await Promise.all([this.front, ...this.replicas].map((app) => app.kill('SIGKILL')));
    rmSync(this.folder, { recursive: true });
  }
}

export interface ReplicaOptions {
  readonly redis: RedisServer;
  /** Null: the demo. */
  readonly application: Sourced | null;
  readonly environment: Readonly<Record<string, string>>;
}

function writeApplication(folder: string, { source: { file, name, mounts } }: Sourced): string {
  const path = join(folder, 'application.mjs');
  writeFileSync(path, `import { ${name} } from '${file}';\nexport default ${name}(${JSON.stringify(mounts)});\n`);
  return path;
}
