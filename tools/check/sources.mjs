import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from '../setup/paths.mjs';

const maxLines = 400;
const sourceFile = /\.(ts|tsx|mjs|cjs)$/;
const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/;
const vagueNames = /(^|[-./])(utils?|helpers?|common|base|managers?)([-./]|$)/;

/** What the sources keep to beyond lint; `find(path, text)` gives complaints, or none. */
const rules = [
  {
    reason: 'A longer file has more than one subject: split it by noun.',
    find: (_path, text) => {
      const lines = text.split('\n').length - 1;
      return lines > maxLines ? [`${lines} lines, at most ${maxLines}`] : [];
    },
  },
  {
    reason: 'File names are kebab-case with the room as suffix (push-header.ts, streams.controller.ts).',
    find: (path) => (kebabCase.test(basename(path).replace(/^\./, '')) ? [] : ['not kebab-case']),
  },
  {
    reason: 'utils, helpers, common, base and manager say nothing: name the thing.',
    find: (path) => (vagueNames.test(path.replace(/^tsconfig\.base\.json$/, '')) ? ['a vague name'] : []),
  },
  {
    reason: 'Named exports only: a reader must see what a file gives, and unused exports must show.',
    find: (_path, text) => lineHits(text, /^export \* /),
  },
];

/** Complaints about every source file that git knows or would take, each with its reason; empty when all is well. */
export function checkSources(files = sourceFiles()) {
  return files.flatMap(({ path, text }) =>
    rules.flatMap(({ reason, find }) => find(path, text).map((complaint) => `${path}: ${complaint}. ${reason}`)),
  );
}

function sourceFiles() {
  const listed = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', 'apps', 'libs', 'tools', 'examples'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  return listed
    .split('\n')
    .filter((path) => sourceFile.test(path) && existsSync(join(root, path)))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

function lineHits(text, pattern) {
  return text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`line ${index + 1}: ${line.trim()}`] : []));
}
