#!/usr/bin/env node
// Makes this checkout ready to run: dependencies, the pinned Node, a Redis. Imports nothing from node_modules.
import { pathToFileURL } from 'node:url';
import { ensureDependencies } from './setup/dependencies.mjs';
import { ensureNode } from './setup/node.mjs';
import { reportFailure, say } from './setup/progress.mjs';
import { findRedis } from './setup/redis.mjs';

/**
 * The first step of every command. Resolves under the pinned Node with all dependencies installed; `redis` is the server
 * that may be started, or `null` when none is wanted: by default that is when `REDIS_URL` names one that already runs.
 */
export async function setUp({ needsRedis = !process.env.REDIS_URL } = {}) {
  await ensureDependencies();
  await ensureNode();
  return { redis: needsRedis ? await findRedis() : null };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    const { redis } = await setUp();
    say(`Node ${process.versions.node}`);
    say(redis ? `${redis.name} ${redis.version} (${redis.source}: ${redis.bin})` : `Redis at ${process.env.REDIS_URL}`);
    say('ready: npm start');
  } catch (error) {
    reportFailure(error);
  }
}
