const SVG = 'http://www.w3.org/2000/svg';
const SAMPLES = 60;

/** A small line of the rates of the last minute. */
export class Trend {
  #rates = [];
  #line = document.createElementNS(SVG, 'polyline');

  constructor() {
    this.node = document.createElementNS(SVG, 'svg');
    this.node.setAttribute('viewBox', `0 0 ${SAMPLES - 1} 20`);
    this.node.setAttribute('preserveAspectRatio', 'none');
    this.node.setAttribute('aria-hidden', 'true');
    this.node.append(this.#line);
  }

  add(rate) {
    this.#rates.push(rate);
    if (this.#rates.length > SAMPLES) this.#rates.shift();
    const top = Math.max(...this.#rates, Number.MIN_VALUE);
    const offset = SAMPLES - this.#rates.length;
    const points = this.#rates.map((value, at) => `${offset + at},${(19 - (value / top) * 18).toFixed(1)}`);
    this.#line.setAttribute('points', points.join(' '));
  }
}
