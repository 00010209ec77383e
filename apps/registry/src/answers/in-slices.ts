import { type AskedFields } from '../graphql/asked-fields.js';
import { type OperationContext } from '../graphql/operation-context.js';

/** Members that are answered in one turn. */
const MEMBERS_A_TURN = 50;
/** Turns whose members are read together: few where what is read of a member may be large. */
const TURNS_A_READ = { small: 10, large: 1 };
/** About what one value of one member takes until it is read. */
const VALUE_BYTES = 140;
/** About what a name in a list of names takes. */
export const NAME_BYTES = 60;

/**
 * A list whose members come a few at a time, after everything asked of them was read: their fields are then given at once, without a
 * promise for each, and others are heard in between. The reading is one step ahead.
 * @param size of what is read of one member, at most
 * @param read makes ready what is asked of some members; what it resolves with is called when they are answered
 * @throws SluiceError MESSAGE_TOO_LARGE, OVERLOADED
 */
export async function inSlices<T>(
  members: readonly T[],
  { values }: AskedFields,
  { share, pace }: Pick<OperationContext, 'share' | 'pace'>,
  { size, read }: { readonly size: 'small' | 'large'; read(some: readonly T[]): Promise<() => void> },
): Promise<Promise<T>[]> {
  if (members.length === 0) return [];
  await share.take(members.length * (values + 1) * VALUE_BYTES);
  const turns = slicesOf(members, MEMBERS_A_TURN).map((some) => ({ some, ...Promise.withResolvers<void>() }));
  const work = async (): Promise<void> => {
    const reads = slicesOf(turns, TURNS_A_READ[size]);
    const begin = (at: number): Promise<() => void> => read((reads[at] ?? []).flatMap(({ some }) => some));
    let ahead = begin(0);
    for (const [at, group] of reads.entries()) {
      const answered = await ahead;
      if (at + 1 < reads.length) {
        ahead = begin(at + 1);
        ahead.catch(() => undefined);
      }
      for (const { some, resolve } of group) {
        await pace.turn(some.length);
        resolve();
      }
      await pace.turn(0);
      answered();
    }
  };
  work().catch((error: unknown) => {
    for (const { reject } of turns) reject(error);
  });
  return turns.flatMap(({ some, promise }) => some.map((member) => promise.then(() => member)));
}

function slicesOf<T>(all: readonly T[], size: number): (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
}
