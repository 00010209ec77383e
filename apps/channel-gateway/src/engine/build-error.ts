/** An application that cannot be put together; names the module and the channel. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
}
