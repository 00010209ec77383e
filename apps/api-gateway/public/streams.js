import { readStreams } from './api.js';
import { byId, setText } from './dom.js';
import { bytes, count, rate } from './format.js';
import { Row } from './row.js';

/** The table of streams: one page of names at a time, its figures renewed at every look. */
export class StreamTable {
  #rows = new Map();
  #cursors = [null];
  #nextCursor = null;
  #text = '';
  #chosenName = null;
  /** Information on the streams shown, by name. */
  shown = new Map();

  /** @param {() => void} onPaged called when other streams are to be shown at once */
  constructor(onPaged) {
    const show = () => onPaged();
    byId('filter').addEventListener('input', (event) => {
      this.#text = event.target.value;
      this.#cursors = [null];
      show();
    });
    byId('next').addEventListener('click', () => {
      if (this.#nextCursor !== null) this.#cursors.push(this.#nextCursor);
      show();
    });
    byId('previous').addEventListener('click', () => {
      if (this.#cursors.length > 1) this.#cursors.pop();
      show();
    });
  }

  /** Reads and shows the present page. */
  async refresh() {
    const text = this.#text;
    const cursor = this.#cursors.at(-1);
    const { streams, cursor: next } = await readStreams({ text, cursor });
    // Another page may have been asked for meanwhile.
    if (text !== this.#text || cursor !== this.#cursors.at(-1)) return;
    this.#nextCursor = next;
    this.#showRows(streams);
    this.#showSummary(streams);
  }

  /** Marks the row of a stream. */
  choose(name) {
    this.#chosenName = name;
    for (const [rowName, row] of this.#rows) row.setChosen(rowName === name);
  }

  #showRows(streams) {
    const now = Date.now();
    this.shown = new Map(streams.map((info) => [info.name, info]));
    for (const [name, row] of this.#rows) {
      if (this.shown.has(name)) continue;
      row.node.remove();
      this.#rows.delete(name);
    }
    const body = byId('rows');
    for (const [at, info] of streams.entries()) {
      let row = this.#rows.get(info.name);
      if (row === undefined) {
        row = new Row(info);
        this.#rows.set(info.name, row);
        row.setChosen(info.name === this.#chosenName);
      }
      row.update(info, now);
      if (body.children[at] !== row.node) body.insertBefore(row.node, body.children[at] ?? null);
    }
  }

  #showSummary(streams) {
    const isPaged = this.#cursors.length > 1 || this.#nextCursor !== null;
    const sum = (key) => streams.reduce((total, info) => total + info[key], 0);
    const what = isPaged
      ? `${streams.length} on this page`
      : `${count(streams.length)} ${streams.length === 1 ? 'stream' : 'streams'}`;
    setText(byId('totals'), `${what} · ${rate(sum('ratePerSecond'))} entries/s · ${bytes(sum('bytesPerSecond'))}/s`);
    byId('pages').hidden = !isPaged;
    byId('previous').disabled = this.#cursors.length === 1;
    byId('next').disabled = this.#nextCursor === null;
    setText(byId('page'), `Page ${this.#cursors.length}`);
    byId('table').hidden = streams.length === 0;
    const empty = byId('empty');
    empty.hidden = streams.length > 0;
    const hint = 'No streams yet. Push a first entry with one of the commands below; it appears here at once.';
    setText(empty, this.#text === '' ? hint : `No stream has “${this.#text}” in its name.`);
  }
}
