// The live desk's data: health, figures, and the bot's events.

import { pick } from './figures.js';

const MESSAGES_KEPT = 500;
const LINES_KEPT = 200;
const AGAIN_MS = 3000; // polling interval for data that events do not report

export const state = { messages: [], lines: [], conversations: [], owed: [], kept: [], health: null, figures: [], missed: 0, connected: true };

const by_try = new Map(); // messages by openid and msgid: the last try of each
const listeners = [];
let last = 0;

export function listen(fn) { listeners.push(fn); }
const tell = () => { for (const fn of listeners) fn(); };

// ---- events ----

const key_of = (event) => `${event.openid || ''}\n${event.msgid || ''}`;

function message_of(event) {
  const key = key_of(event);
  let message = by_try.get(key);
  if (message && !(event.kind === 'message' && message.outcome)) return message;
  message = { id: event.id, key: `${key}\n${event.id}`, time: event.time, openid: event.openid, msgid: event.msgid, type: event.type };
  by_try.set(key, message);
  state.messages.push(message);
  if (state.messages.length > MESSAGES_KEPT) {
    const gone = state.messages.shift();
    if (by_try.get(key_of(gone)) === gone) by_try.delete(key_of(gone));
  }
  return message;
}

const take = {
  message(event) { message_of(event).document = event.document; },
  reply(event) { message_of(event).reply = event.document; },
  outcome(event) {
    const { type, outcome, attempt, ms, api_calls: calls, place } = event;
    Object.assign(message_of(event), { type, outcome, attempt, ms, calls, place });
  },
  line(event) { take_line(event); },
};

function take_line(line) {
  if (state.lines.some((one) => one.id === line.id)) return;
  state.lines.push(line);
  state.lines.splice(0, state.lines.length - LINES_KEPT);
}

function take_events(events) {
  for (const event of events) {
    if (event.id <= last) continue; // repeated after a reconnection
    last = event.id;
    take[event.kind](event);
  }
}

// ---- requests ----

async function ask(path) {
  const answer = await fetch(path, { cache: 'no-store' });
  if (answer.status === 401) location.reload(); // the session has expired
  return answer;
}

async function look() {
  if (document.visibilityState !== 'visible') return;
  const [health, figures, more] = await Promise.all([ask('/healthz'), ask('/metrics'), ask('/desk/state')]);
  state.health = await health.json();
  state.figures = pick(await figures.text());
  if (!more.ok) return;
  const { conversations, owed, kept, lines } = await more.json();
  Object.assign(state, { conversations, owed, kept });
  lines.forEach(take_line);
  tell();
}

const look_again = () => look().then(() => { state.connected = true; }, () => { state.connected = false; }).finally(tell);

// Reloads the script; returns whether it loaded, and the error text.
export async function reload() {
  const answer = await fetch('/desk/reload', { method: 'POST' });
  const text = await answer.text();
  look_again();
  return { ok: answer.ok, text: text.trim() };
}

export async function leave() {
  await fetch('/desk/logout', { method: 'POST', redirect: 'manual' });
  location.assign('/desk');
}

export function start() {
  const source = new EventSource('/desk/events');
  source.addEventListener('message', (message) => {
    take_events(JSON.parse(message.data));
    tell();
  });
  source.addEventListener('missed', (message) => {
    state.missed += Number(message.data);
    tell();
  });
  source.addEventListener('open', () => { state.connected = true; look_again(); });
  source.addEventListener('error', () => { state.connected = false; tell(); });
  document.addEventListener('visibilitychange', look_again);
  setInterval(look_again, AGAIN_MS);
}
