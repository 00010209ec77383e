export { startApp, type AppOptions, type RunningApp } from './app.js';
export { temporaryDirectory } from './guard.js';
export { uniqueName } from './names.js';
export { freePort } from './ports.js';
export { startCluster, type ClusterOptions, type RedisCluster } from './redis-cluster.js';
export { sharedRedisUrl, startRedis, type RedisOptions, type RedisServer } from './redis-server.js';
export { type ClusterNode, type SlotMove, type SlotMoveOptions } from './slot-move.js';
export { waitFor, type WaitOptions } from './wait-for.js';
