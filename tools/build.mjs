import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, tail } from './setup/command.mjs';
import { withLock } from './setup/lock.mjs';
import { root, stateFolder } from './setup/paths.mjs';
import { Refusal, withProgress } from './setup/progress.mjs';

const rootInputs = ['package.json', 'package-lock.json', 'nx.json', 'tsconfig.base.json'];
const ignored = /(^|\/)(node_modules|test|spec)\/|\.spec\.ts$|\.tsbuildinfo$/;

/**
 * Builds every project through nx, which takes what has not changed from its cache. Skipped when no source and no built file
 * has changed since the last build that went well. Throws a `Refusal` with the compiler's words.
 */
export async function build() {
  if (isFresh()) return;
  await withLock('build', async () => {
    if (isFresh()) return;
    const args = [join(root, 'node_modules/nx/dist/bin/nx.js'), 'run-many', '-t', 'build', '--outputStyle=stream'];
    const env = { ...process.env, NX_TUI: 'false', NX_DAEMON: 'false', NX_NO_CLOUD: 'true', FORCE_COLOR: '0' };
    const done = await withProgress('building', () =>
      run(process.execPath, args, { cwd: root, env: withModulesOnPath(env) }),
    );
    if (done.code !== 0) throw new Refusal(`the build failed:\n${tail(compilerWords(done.output), 60)}`);
    writeFileSync(stampFile(), fingerprint());
  });
}

/** The compiler's complaints without what nx says around them; everything when there is none. */
function compilerWords(output) {
  const errors = output.split('\n').filter((line) => /: error TS\d+:/.test(line));
  return errors.length > 0 ? errors.join('\n') : output;
}

function withModulesOnPath(env) {
  return { ...env, PATH: `${join(root, 'node_modules/.bin')}:${env.PATH ?? ''}` };
}

function stampFile() {
  return join(stateFolder('run'), 'build.stamp');
}

function isFresh() {
  return existsSync(stampFile()) && readFileSync(stampFile(), 'utf8') === fingerprint();
}

/** One hash over the path, size and time of change of every file that goes into a build or came out of one. */
function fingerprint() {
  const hash = createHash('sha256').update(process.versions.node);
  const add = (path) => {
    const { size, mtimeMs } = statSync(join(root, path));
    hash.update(`\n${path} ${size} ${mtimeMs}`);
  };
  rootInputs.forEach(add);
  for (const project of projectFolders()) {
    const files = readdirSync(join(root, project), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
      .filter((path) => !ignored.test(path))
      .sort();
    files.forEach(add);
  }
  return hash.digest('hex');
}

/** Every project of the workspace, as paths such as `libs/wire`. */
export function projectFolders() {
  return ['libs', 'apps'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .map((name) => `${folder}/${name}`)
      .filter((path) => existsSync(join(root, path, 'package.json')))
      .sort(),
  );
}
