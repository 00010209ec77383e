import { byId, element } from './dom.js';
import { shellWord } from './format.js';

const isUsualAddress =
  location.protocol === 'http:' && location.port === '8000' && ['localhost', '127.0.0.1'].includes(location.hostname);
const sluice = isUsualAddress ? 'npx sluice' : `npx sluice --url ${location.origin}`;

const FIRST_COMMANDS = [
  ['Push an entry', `${sluice} push hello "first entry"`],
  ['Read it, and whatever comes after', `${sluice} pull hello --from start`],
  ['A device that pushes a moving picture', `${sluice} demo camera`],
  ['Push what any program prints', `vmstat 1 | ${sluice} push vmstat --stdin`],
  ['The same with curl: push a file …', `curl -F entries=@README.md ${location.origin}/data/readme`],
  ['… and read the newest entry', `curl '${location.origin}/data/readme?last_entry_id=0&latest=1'`],
];

/** Shows the first commands to try. */
export function showFirstCommands() {
  byId('commands').replaceChildren(...FIRST_COMMANDS.map(([what, line]) => command(what, line)));
}

/** Commands for one stream. */
export function streamCommands({ name, device, stream }, isPicture) {
  const query = new URLSearchParams({ device_id: device, last_entry_id: '0', latest: '1' });
  const address = `${location.origin}/data/${encodeURIComponent(stream)}?${query}`;
  const live = isPicture ? `${sluice} pull-image ${shellWord(name)} --latest` : `${sluice} pull ${shellWord(name)}`;
  return [
    command('Follow it in the terminal', live),
    command('Fetch the newest entry', `curl -o newest ${shellWord(address)}`),
  ];
}

function command(what, line) {
  const copy = element('button', { text: 'Copy' });
  copy.type = 'button';
  copy.setAttribute('aria-label', `Copy: ${line}`);
  copy.addEventListener('click', () => void copyText(copy, line));
  const code = element('code', { text: line });
  return element('li', {
    children: [
      element('p', { className: 'what', text: what }),
      element('div', { className: 'line', children: [code, copy] }),
    ],
  });
}

async function copyText(button, text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without the clipboard (plain HTTP on another host) the line is marked, ready for the keyboard.
    getSelection()?.selectAllChildren(button.previousElementSibling);
    return;
  }
  button.textContent = 'Copied';
  byId('copied').textContent = `Copied ${text}`;
  setTimeout(() => {
    button.textContent = 'Copy';
  }, 1500);
}
