/**
 * The apps that `npm start` runs, services before what stands in front of them; they are stopped in the opposite order.
 * `urlVariable` is how the others are told where a service listens, `nodeArguments` are for Node, `environment` for what is below it.
 */
export const apps = [
  {
    name: 'stream-store',
    portVariable: 'SLUICE_STREAM_STORE_PORT',
    defaultPort: 8100,
    urlVariable: 'SLUICE_STREAM_STORE_URL',
    readyPath: '/health/ready',
  },
  {
    name: 'registry',
    portVariable: 'SLUICE_REGISTRY_PORT',
    defaultPort: 8300,
    urlVariable: 'SLUICE_REGISTRY_URL',
    readyPath: '/health/ready',
    // Large answers are garbage soon, and Node waits with its collection as long as the machine has memory; what the allocator of
    // the C library keeps for each thread never goes back.
    nodeArguments: ['--max-semi-space-size=16', '--heap-growing-percent=100'],
    environment: { MALLOC_ARENA_MAX: '2' },
  },
  {
    name: 'channel-gateway',
    portVariable: 'SLUICE_CHANNEL_GATEWAY_PORT',
    defaultPort: 8200,
    urlVariable: 'SLUICE_CHANNEL_GATEWAY_URL',
    readyPath: '/health/ready',
    // Node lets a heap grow to several times what lives in it, and its young part to 100 MB: here records come and go all the time.
    nodeArguments: ['--max-semi-space-size=16', '--heap-growing-percent=20'],
  },
  {
    name: 'api-gateway',
    portVariable: 'SLUICE_API_GATEWAY_PORT',
    defaultPort: 8000,
    readyPath: '/health/ready',
  },
];

/** The name of the app that clients talk to. */
export const frontDoor = 'api-gateway';

/** The front door's second port, where the ptg dialect is at the root. */
export const ptgDoor = { name: 'ptg door', portVariable: 'SLUICE_API_GATEWAY_PTG_PORT', defaultPort: 7890 };

/** Devices that `--demo` adds: sub-commands of the command-line tool that push until they are stopped. */
export const demoDevices = ['host', 'camera'];
