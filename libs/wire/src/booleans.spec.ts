import { expect, it } from '@jest/globals';
import { parseBoolean } from './booleans.js';

it.each(['1', 'true', 't', 'yes', 'y', 'on', 'True', 'TRUE', 'T', 'Yes', 'Y', 'ON', 'oN'])('%s is true', (text) =>
  expect(parseBoolean(text)).toBe(true),
);

it.each(['0', 'false', 'f', 'no', 'n', 'off', 'False', 'FALSE', 'F', 'No', 'N', 'OFF'])('%s is false', (text) =>
  expect(parseBoolean(text)).toBe(false),
);

it.each(['', '2', '-1', 'truee', ' true', 'null', 'oui', 'x'.repeat(100_000)])('%j is neither', (text) =>
  expect(parseBoolean(text)).toBeNull(),
);
