import { move, transferableSymbol, valueSymbol } from 'piscina';
import { assertJson, blockOfJson } from './json-text.js';
import { nv12ToRgb, rgbToNv12 } from './nv12.js';
import { toFloats, toJson, toPixels } from './number-blocks.js';
import { BadData, type Made, type Outcome, type Task } from './tasks.js';

/** Longest text that a conversion makes. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024;

/**
 * What a worker thread runs: one task, its bytes handed over both ways. This folder must stay TypeScript that only needs its
 * types taken out: tests run it as it stands.
 */
export function perform(task: Task): Outcome {
  try {
    return handOver(run(task));
  } catch (error) {
    if (error instanceof BadData) return { refusal: error.message };
    throw error;
  }
}

/** Bytes of a buffer of their own go to the other thread without a copy. */
function handOver(made: Made): Outcome {
  const { buffer } = made.bytes;
  return move({ [transferableSymbol]: buffer, [valueSymbol]: made }) as unknown as Outcome;
}

function run(task: Task): Made {
  switch (task.kind) {
    case 'nv12-to-rgb':
      return { bytes: nv12ToRgb(task), shape: [task.height, task.width, 3] };
    case 'rgb-to-nv12':
      return { bytes: rgbToNv12(task.bytes, task.width, task.height), shape: [] };
    case 'block-to-json':
      return { bytes: toJson(task.block, MAX_TEXT_BYTES), shape: [] };
    case 'block-to-floats':
      return { bytes: toFloats(task.block), shape: task.block.shape };
    case 'block-to-pixels':
      return { bytes: toPixels(task.block, task.stretches), shape: task.block.shape };
    case 'check-json':
      assertJson(task.bytes);
      return { bytes: task.bytes, shape: [] };
    case 'json-to-block':
      return blockOfJson(task.bytes);
  }
}
