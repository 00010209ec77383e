import { element, setText } from './dom.js';
import { age, bytes, count, rate } from './format.js';
import { Trend } from './trend.js';

/** One stream in the table; lives as long as the stream is on the page shown. */
export class Row {
  #trend = new Trend();
  #cells;
  #last = null;

  constructor(info) {
    const link = element('a', {
      children: [
        element('span', { className: 'device', text: `${info.device}:` }),
        document.createTextNode(info.stream),
      ],
    });
    link.href = `#${encodeURIComponent(info.name)}`;
    link.title = info.name;
    const number = (className = '') => element('td', { className: `number ${className}` });
    this.#cells = {
      rate: number(),
      bytesRate: number('wide'),
      length: number('wide'),
      memory: number('wide'),
      age: number(),
    };
    const name = element('td', { className: 'name', children: [link] });
    const trend = element('td', { className: 'trend' });
    trend.append(this.#trend.node);
    this.node = element('tr', { children: [name, trend, ...Object.values(this.#cells)] });
    this.link = link;
  }

  /** Shows the newest figures. */
  update(info, now) {
    const perSecond = this.#rateOf(info, now);
    this.#trend.add(perSecond);
    this.node.classList.toggle('still', perSecond === 0);
    setText(this.#cells.rate, rate(perSecond));
    setText(this.#cells.bytesRate, `${bytes(info.bytesPerSecond)}/s`);
    setText(this.#cells.length, count(info.length));
    setText(this.#cells.memory, bytes(info.bytes));
    setText(this.#cells.age, age(info.lastEntryTime, now));
  }

  setChosen(isChosen) {
    if (isChosen) {
      this.node.dataset.chosen = '';
      this.link.setAttribute('aria-current', 'true');
    } else {
      delete this.node.dataset.chosen;
      this.link.removeAttribute('aria-current');
    }
  }

  /** Entries a second between two looks; the service's own figure at the first. */
  #rateOf(info, now) {
    const before = this.#last;
    this.#last = { entries: info.entriesAdded, at: now };
    if (before === null || now <= before.at || info.entriesAdded < before.entries) return info.ratePerSecond;
    return ((info.entriesAdded - before.entries) * 1000) / (now - before.at);
  }
}
