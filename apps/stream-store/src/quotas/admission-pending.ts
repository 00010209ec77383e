/** Thrown before anything is stored: the stream is asked about in Redis, and the frame or request comes again afterwards. */
export class AdmissionPending extends Error {
  override readonly name = 'AdmissionPending';

  /** @param answer resolves when the stream may be written, rejects with the refusal */
  constructor(readonly answer: Promise<void>) {
    super('a stream is waiting for its admission');
  }
}
