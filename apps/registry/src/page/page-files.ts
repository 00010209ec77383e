import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Injectable } from '@nestjs/common';

const PUBLIC_FOLDER = fileURLToPath(new URL('../../public/', import.meta.url));
const compress = promisify(gzip);

const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';

/** The parts of GraphiQL by the names that the page calls them. */
type GraphiqlPart = 'js' | 'css' | 'editorWorkerService' | 'jsonWorker' | 'graphqlWorker';

/** Where each file comes from, and what it is. */
const FILES: Readonly<Record<string, { readonly type: string; readonly part?: GraphiqlPart } | undefined>> = {
  'index.html': { type: 'text/html; charset=utf-8' },
  'page.js': { type: SCRIPT },
  'page.css': { type: STYLE },
  'icon.svg': { type: 'image/svg+xml' },
  'examples.json': { type: 'application/json; charset=utf-8' },
  'graphiql.js': { type: SCRIPT, part: 'js' },
  'graphiql.css': { type: STYLE, part: 'css' },
  'editorWorkerService.worker.js': { type: SCRIPT, part: 'editorWorkerService' },
  'json.worker.js': { type: SCRIPT, part: 'jsonWorker' },
  'graphql.worker.js': { type: SCRIPT, part: 'graphqlWorker' },
};

/** A file of the GraphQL page. */
export interface PageFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly gzipped: Buffer;
  readonly etag: string;
}

/** The files of the GraphQL page. They are made when somebody first asks for them: most registries are never looked at. */
@Injectable()
export class PageFiles {
  private readonly files = new Map<string, Promise<PageFile>>();

  /** Null when the page has no such file. */
  find(name: string): Promise<PageFile> | null {
    const spec = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
    if (spec === undefined) return null;
    const known = this.files.get(name);
    if (known !== undefined) return known;
    const file = make(name, spec);
    this.files.set(name, file);
    file.catch(() => this.files.delete(name));
    return file;
  }
}

async function make(name: string, { type, part }: { type: string; part?: GraphiqlPart }): Promise<PageFile> {
  const plain = part === undefined ? await readFile(PUBLIC_FOLDER + name) : await graphiqlPart(part);
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  return { type, plain, gzipped: await compress(plain), etag };
}

async function graphiqlPart(part: GraphiqlPart): Promise<Buffer> {
  // The package's own page is one of nine megabytes with everything inline, which no policy against foreign code would let run.
  const parts = await import('@graphql-yoga/render-graphiql/graphiql');
  return Buffer.from(parts[part]);
}
