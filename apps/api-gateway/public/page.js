import { readNewest } from './api.js';
import { ChosenStream } from './chosen.js';
import { showFirstCommands } from './commands.js';
import { byId, setText } from './dom.js';
import { refreshHealth } from './health.js';
import { Login } from './login.js';
import { pictureType } from './payload.js';
import { StreamTable } from './streams.js';

const LIST_EVERY_MS = 1000;
const PICTURE_EVERY_MS = 200;
const HEALTH_EVERY_MS = 2000;
/** So many streams are looked into for a picture to show first. */
const PROBED_STREAMS = 20;

const chosen = new ChosenStream();
const table = new StreamTable(() => void refreshList());
const login = new Login(() => void refreshList());
let isFirstChoiceMade = false;

/** Runs a task again and again, never twice at a time, and not while nobody looks. */
function repeat(task, everyMs) {
  const run = async () => {
    if (!document.hidden) await task();
    setTimeout(() => void run(), everyMs);
  };
  void run();
}

async function refreshList() {
  if (login.isAsking) return;
  const notice = byId('notice');
  try {
    await table.refresh();
    notice.hidden = true;
  } catch (error) {
    if (error.status === 401) {
      login.ask();
      return;
    }
    setText(notice, `The list of streams cannot be read: ${error.message}. Trying again…`);
    notice.hidden = false;
    return;
  }
  followAddress();
  const info = table.shown.get(chosen.name);
  if (info !== undefined) chosen.update(info);
  if (!isFirstChoiceMade && chosen.name === null && table.shown.size > 0) await makeFirstChoice();
}

/** The part of the address after # names the stream looked at. */
function followAddress() {
  const name = nameInAddress();
  if (name === null || name === chosen.name) return;
  const info = table.shown.get(name);
  if (info === undefined) return;
  isFirstChoiceMade = true;
  chosen.choose(info);
  table.choose(name);
}

function nameInAddress() {
  try {
    return location.hash.length > 1 ? decodeURIComponent(location.hash.slice(1)) : null;
  } catch {
    return null;
  }
}

/** Without a choice of the reader's, shows the first stream of pictures, else the first of all. */
async function makeFirstChoice() {
  isFirstChoiceMade = true;
  const candidates = [...table.shown.values()];
  const { signal } = new AbortController();
  let choice = candidates[0];
  for (const info of candidates.slice(0, PROBED_STREAMS)) {
    const payload = await readNewest(info, signal).catch(() => null);
    if (!(payload instanceof Uint8Array) || pictureType(payload) === null) continue;
    choice = info;
    break;
  }
  if (nameInAddress() !== null) return;
  chosen.choose(choice);
  table.choose(choice.name);
}

addEventListener('hashchange', followAddress);
addEventListener('keydown', (event) => {
  const isTyping = event.target instanceof HTMLInputElement;
  if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  byId('filter').focus();
});

showFirstCommands();
repeat(refreshHealth, HEALTH_EVERY_MS);
repeat(refreshList, LIST_EVERY_MS);
repeat(() => (chosen.isMovingPicture ? chosen.refreshPreview() : undefined), PICTURE_EVERY_MS);
