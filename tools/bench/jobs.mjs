/**
 * The worker's side of `startWorker`: takes one job, which has `open()`, `run()` and `close()`. Answers `ready` with what
 * `open` resolves with, runs at `go`, answers `done` with what `run` resolves with, and lives until it is told to `end` or its parent is gone.
 */
export function serveJob(create) {
  let job;
  const steps = {
    job: async ({ job: given }) => {
      job = create(given);
      return { type: 'ready', ...(await job.open()) };
    },
    go: async () => ({ type: 'done', ...(await job.run()) }),
    end: async () => {
      await job?.close();
      process.exit(0);
    },
  };
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message) => {
    steps[message.type](message).then(
      (answer) => process.send(answer),
      (error) => process.send({ type: 'failed', reason: error.message }),
    );
  });
}
