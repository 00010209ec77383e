// A load generator in a process of its own: opens connections, says `ready`, runs at `go`, and reports what it counted.
import { Collect } from './collect.mjs';
import { Flow } from './flow.mjs';
import { serveJob } from './jobs.mjs';
import { Pace } from './pace.mjs';
import { Stall } from './stall.mjs';

const kinds = { collect: Collect, flow: Flow, pace: Pace, stall: Stall };

serveJob((job) => new kinds[job.kind](job));
