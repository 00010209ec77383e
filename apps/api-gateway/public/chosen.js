import { MAX_PREVIEW_BYTES, readNewest } from './api.js';
import { streamCommands } from './commands.js';
import { byId, element, setText } from './dom.js';
import { bytes, count, duration } from './format.js';
import { describe, pictureType } from './payload.js';

/** The stream looked at closely: its newest payload, its figures and commands for it. */
export class ChosenStream {
  #info = null;
  #abort = new AbortController();
  #shownEntryId = null;
  #isBusy = false;
  #pictureUrl = null;
  #isPicture = null;

  get name() {
    return this.#info?.name ?? null;
  }

  /** Shows another stream, or none. */
  choose(info) {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#info = info;
    this.#shownEntryId = null;
    this.#isBusy = false;
    this.#isPicture = null;
    this.#dropPicture();
    byId('chosen').hidden = info === null;
    if (info === null) return;
    setText(byId('chosen-title'), info.name);
    byId('preview').replaceChildren();
    setText(byId('preview-facts'), '');
    this.update(info);
  }

  /** Shows newer figures, and the newest payload when there is another. */
  update(info) {
    this.#info = info;
    const facts = [
      ['Last entry', info.lastEntryId ?? 'none'],
      ['In the log', `${count(info.length)} entries, ${bytes(info.bytes)}`],
      ['Ever appended', count(info.entriesAdded)],
      ['Retention', retentionText(info.retention)],
      ['Groups', String(info.groups)],
    ];
    const list = byId('facts');
    if (list.children.length === 0) {
      list.append(...facts.flatMap(([name]) => [element('dt', { text: name }), element('dd')]));
    }
    for (const [at, [, value]] of facts.entries()) setText(list.children[at * 2 + 1], value);
    if (info.lastEntryId !== this.#shownEntryId) void this.refreshPreview();
  }

  /** Whether the payloads are pictures that keep coming: those are worth looking at more often. */
  get isMovingPicture() {
    return this.#isPicture === true && this.#info !== null && this.#info.ratePerSecond > 0;
  }

  /** Fetches and shows the newest payload; one request at a time. */
  async refreshPreview() {
    const info = this.#info;
    if (info === null || this.#isBusy) return;
    const { signal } = this.#abort;
    this.#isBusy = true;
    try {
      const payload = await readNewest(info, signal);
      if (signal.aborted) return;
      this.#shownEntryId = info.lastEntryId;
      await this.#show(info, payload, signal);
    } catch (error) {
      if (!signal.aborted) setText(byId('preview-facts'), `The newest entry could not be read: ${error.message}`);
    } finally {
      if (!signal.aborted) this.#isBusy = false;
    }
  }

  async #show(info, payload, signal) {
    const type = payload instanceof Uint8Array ? pictureType(payload) : null;
    if ((type !== null) !== this.#isPicture) {
      this.#isPicture = type !== null;
      byId('chosen-commands').replaceChildren(...streamCommands(info, this.#isPicture));
    }
    if (payload === null) this.#showText('', 'The log is empty.');
    else if (payload === 'large') this.#showText('', `Newest entry: more than ${bytes(MAX_PREVIEW_BYTES)}, not shown.`);
    else if (type !== null) await this.#showPicture(payload, type, signal);
    else {
      const { kind, text } = describe(payload);
      this.#showText(text, `Newest entry: ${kind}, ${bytes(payload.length)}`);
    }
  }

  #showText(text, facts) {
    this.#dropPicture();
    const preview = byId('preview');
    if (text === '') preview.replaceChildren();
    else if (preview.firstElementChild?.tagName === 'PRE') setText(preview.firstElementChild, text);
    else {
      const pre = element('pre', { text });
      // A region that scrolls must be reachable without a mouse.
      pre.tabIndex = 0;
      preview.replaceChildren(pre);
    }
    setText(byId('preview-facts'), facts);
  }

  async #showPicture(payload, type, signal) {
    const url = URL.createObjectURL(new Blob([payload], { type }));
    const picture = new Image();
    picture.src = url;
    picture.alt = `Newest picture of ${this.name}`;
    try {
      await picture.decode();
    } catch {
      URL.revokeObjectURL(url);
      if (!signal.aborted) this.#showText('', `Newest entry: a damaged ${type} of ${bytes(payload.length)}`);
      return;
    }
    if (signal.aborted) {
      URL.revokeObjectURL(url);
      return;
    }
    this.#dropPicture();
    this.#pictureUrl = url;
    byId('preview').replaceChildren(picture);
    const size = `${picture.naturalWidth} × ${picture.naturalHeight}`;
    setText(byId('preview-facts'), `Newest entry: ${type}, ${size}, ${bytes(payload.length)}`);
  }

  #dropPicture() {
    if (this.#pictureUrl !== null) URL.revokeObjectURL(this.#pictureUrl);
    this.#pictureUrl = null;
  }
}

function retentionText({ maxEntries, maxAgeMs, maxBytes, source }) {
  const entries = maxEntries === null ? [] : [`${count(maxEntries)} entries`];
  const time = maxAgeMs === null ? [] : [duration(maxAgeMs)];
  const memory = maxBytes === null ? [] : [bytes(maxBytes)];
  // The system's own policy promises entries and time, as far as the bound on bytes allows.
  if (source === 'default' && time.length > 0) {
    return `at least ${[...entries, ...time].join(' and ')}, at most ${memory.join('') || 'what Redis holds'}`;
  }
  const bounds = [...entries, ...time, ...memory];
  return bounds.length === 0 ? 'everything' : `at most ${bounds.join(', ')}`;
}
