import { type ServerResponse } from 'node:http';
import { SluiceError } from '@sluice/contracts';

const MOST_BYTES = 256 * 1024 * 1024;
/** Smaller answers are not worth counting. */
const LARGE = 65_536;

/** Large answers stay in memory until their clients have read them; together they may take only so much. */
export class AnswerBudget {
  private used = 0;

  /** The answer itself, counted until the response ends. @throws SluiceError RATE_LIMITED */
  spend(answer: string, response: ServerResponse): string {
    const { length } = answer;
    if (length < LARGE) return answer;
    if (this.used > 0 && this.used + length > MOST_BYTES) {
      throw new SluiceError(
        'RATE_LIMITED',
        `${this.used} bytes of answers are waiting to be read; ask for less with \`limit\``,
      );
    }
    this.used += length;
    response.once('close', () => (this.used -= length));
    return answer;
  }
}
