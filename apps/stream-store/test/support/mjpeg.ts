import { get, type ClientRequest, type IncomingMessage } from 'node:http';
import { waitFor } from '@sluice/testing';

/** A viewer of moving pictures that keeps the parts it receives; those that ask to stand by it keeps apart. */
export class MjpegViewer {
  readonly parts: { head: string; jpeg: Buffer }[] = [];
  readonly standBys: Buffer[] = [];
  private rest = Buffer.alloc(0);

  private constructor(
    private readonly request: ClientRequest,
    readonly response: IncomingMessage,
    private readonly standBy: Buffer,
  ) {
    response.on('data', (chunk: Buffer) => this.take(chunk));
    response.on('error', () => undefined);
  }

  /** @param standBy the picture that asks to stand by */
  static open(url: string, standBy: Buffer): Promise<MjpegViewer> {
    return new Promise((resolve, reject) => {
      const request = get(url, (response) => resolve(new MjpegViewer(request, response, standBy)));
      request.once('error', reject);
    });
  }

  /** Waits until so many parts came. */
  async count(parts: number): Promise<void> {
    await waitFor(() => this.parts.length >= parts, {
      message: () => `${parts} parts, there are ${this.parts.length}`,
    });
  }

  close(): void {
    this.request.on('error', () => undefined);
    this.request.destroy();
  }

  private take(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    for (;;) {
      const start = this.rest.indexOf('--frame\r\n');
      const headEnd = this.rest.indexOf('\r\n\r\n');
      if (start !== 0 || headEnd < 0) return;
      const head = this.rest.subarray('--frame\r\n'.length, headEnd).toString();
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      const end = headEnd + 4 + length + 2;
      if (this.rest.length < end) return;
      const jpeg = this.rest.subarray(headEnd + 4, end - 2);
      if (jpeg.equals(this.standBy)) this.standBys.push(jpeg);
      else this.parts.push({ head, jpeg });
      this.rest = this.rest.subarray(end);
    }
  }
}
