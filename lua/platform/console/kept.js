// The State tab: what the bot keeps about the selected user, and its script's keys in the store. It is read again after
// each event, and every two seconds while the tab is shown, because a timer of the script may change the store too.

import { h, fill, sync } from './dom.js';
import { ask, tell_error } from './dialog.js';
import { fold, clock, code, content_of, duration, or_empty } from './rows.js';
import { t } from './words.js';
import { current_user } from './phone.js';
import * as sim from './sim.js';

const PAUSE_MS = 2000;

const { state } = sim;
let parts = null;  // the elements, once they are made
let found = null;  // the last answer
let whose = null;  // its user's openid
let fault = '';    // why the last read failed
let prefix = '';

const nickname = () => state.users.find((one) => one.openid === current_user())?.nickname || current_user();

// ---- the table of what is shown ----

// update_ages writes these texts, so that the row is not made anew each second.
const age = (unix_s, words) => h('span', { class: 'age', 'data-since': unix_s, 'data-words': words });
const rest = (unix_s) => h('span', { class: 'age', 'data-until': unix_s });
const line = (key, version, ...children) => ({ key, version, make: () => h('div', { class: 'fact' }, children) });
const what = (text) => h('span', { class: 'what' }, text);
const button = (word, act, label) => h('button', { onclick: act, 'aria-label': label }, t(word));

// `bytes`: the length of a value that was cut.
const value_of = (text, bytes) => h('div', {}, code(text), bytes && h('p', {}, t('u_cut', bytes)));

const session_rows = ({ session, bytes }) => (!session || session === '{}' ? [] : [{ key: 'session', version: session, make: () => value_of(session, bytes) }]);

const conversation_rows = ({ conversations }) => conversations.map((one, i) => line(`a${one.since} ${i}`, JSON.stringify([one.question, one.place, one.left < 0]),
  what(one.question || t('u_asked')), one.place && h('span', { class: 'who' }, one.place), age(one.since, 'u_waits'),
  one.left >= 0 && rest(found.now + one.left), button('u_end', end_conversation)));

const kept_rows = ({ kept }) => kept.map((one, i) => line(`k${one.since} ${i}`, JSON.stringify(one),
  what(one.text || one.type || '…'), h('span', { class: 'outcome late' }, t(one.ready ? 'a_kept' : 'a_promised')), age(one.since, 'u_for')));

const owed_rows = ({ owed }) => owed.map((one, i) => line(`o${i}`, JSON.stringify(one),
  what(content_of(one.document) || '…'), h('span', { class: 'outcome late' }, t('a_owed')), one.since > 0 && age(one.since, 'u_for')));

// What the bot has counted since the user's last act, and what the platform has counted.
function quota_rows({ quota, platform }) {
  const counted = quota ? JSON.parse(quota) : null;
  const is_old = counted && platform.since > counted.t;
  const words = !counted || is_old ? t('u_none_counted') : t('u_counted', Math.max(0, counted.most - counted.n), counted.most, clock(counted.t));
  const open = !platform.refused && platform.ends > found.now;
  const allowed = platform.refused ? t('u_refused') : platform.since ? t('u_platform', platform.left, platform.most) : t('u_no_act');
  return [line('bot', words, what(words)), line('platform', allowed + platform.since, what(allowed), open && rest(platform.ends))];
}

// A value of lua/wechat/model_talk.lua: q is the user's text, a the answer.
function turns_of({ value, bytes }) {
  if (bytes) return value_of(value, bytes);
  return h('dl', { class: 'fields' }, JSON.parse(value).turns.map(({ q, a }) => [h('dt', {}, nickname()), h('dd', {}, q), a && [h('dt', {}, state.account.name), h('dd', {}, a)]]));
}

const talk_rows = ({ talks }) => talks.map((one) => ({ key: `talk ${one.key}`, version: one.value, make: () => fold(`talk ${one.key}`, [
  h('b', {}, one.key.split('/').slice(3).join('/')), what(one.value),
], () => turns_of(one)) }));

const key_rows = ({ keys }) => keys.map((one) => ({ key: `key ${one.key}`, version: one.value, make: () => fold(`key ${one.key}`, [
  h('b', {}, one.key), what(one.value),
], () => [value_of(one.value, one.bytes),
  h('div', { class: 'row again' }, button('u_delete', () => delete_key(one.key), `${t('u_delete')} ${one.key}`))]) }));

// [name, the text of an empty section, its rows]
const sections = [
  ['session', 'u_no_session', session_rows],
  ['talks', 'u_no_talks', talk_rows],
  ['conversations', 'u_no_conversations', conversation_rows],
  ['kept', 'u_no_kept', kept_rows],
  ['owed', 'u_no_owed', owed_rows],
  ['quota', 'u_no_act', quota_rows],
  ['keys', 'u_no_keys', key_rows],
];

// ---- reading ----

const read = sim.one_at_a_time(async () => {
  const user = current_user();
  try {
    const [kept, platform] = await Promise.all([sim.read_kept(user, prefix), sim.read_quota(user)]);
    [found, whose, fault] = [{ ...kept, platform }, user, ''];
  } catch (error) {
    fault = error.message;
  }
  update();
});

const is_shown = () => parts?.root.isConnected && document.visibilityState === 'visible';

export function refresh() { if (is_shown() && state.bot.script) read(); }

setInterval(refresh, PAUSE_MS);

// ---- what is done ----

async function change(act) {
  await sim.change_kept(act).catch(tell_error);
  await read();
}

async function end_conversation() {
  await change({ end: whose });
  parts.forget.focus();
}

async function delete_key(key) {
  if (!await ask(t('u_delete_sure', key), [])) return;
  await change({ delete: key });
  parts.search.focus();
}

async function forget() {
  const user = current_user();
  if (!await ask(t('u_forget_sure', nickname()), [])) return;
  await change({ forget: user });
  parts.forget.focus();
}

// ---- how it looks ----

function make() {
  const search = h('input', { type: 'search', 'aria-label': t('u_prefix'), placeholder: t('u_prefix'), oninput: () => { prefix = search.value; read(); } });
  search.value = prefix;
  const lists = Object.fromEntries(sections.map(([name]) => [name, h('div', { 'data-kept': name })]));
  const made = { search, lists, name: h('b', { class: 'what' }), forget: button('u_forget', forget), fault: h('p', { class: 'fault', role: 'alert', hidden: true }), more: h('p', { class: 'empty', hidden: true }, t('u_more')) };
  made.root = h('div', { class: 'kept' }, h('div', { class: 'fact' }, made.name, made.forget), made.fault,
    sections.map(([name]) => h('section', {}, h('h2', {}, t(`u_${name}`)), name === 'keys' && search, lists[name])), made.more);
  return made;
}

function update_ages() {
  for (const one of parts.root.querySelectorAll('.age')) {
    const { since, until, words } = one.dataset;
    const text = since ? t(words, duration(found.now - since)) : t('u_left', duration(until - found.now));
    if (one.textContent !== text) one.textContent = text;
  }
}

function update() {
  if (!parts?.root.isConnected) return;
  if (parts.name.textContent !== nickname()) fill(parts.name, nickname());
  parts.fault.hidden = !fault;
  if (parts.fault.textContent !== fault) fill(parts.fault, fault);
  if (!found || whose !== current_user()) return;
  for (const [name, empty, rows] of sections) or_empty(parts.lists[name], rows(found), name === 'owed' && !found.lasting ? 'u_memory' : empty);
  parts.more.hidden = !found.more;
  update_ages();
}

// The state of a bot in another process cannot be read here.
const why_not = () => (state.account.callback ? t('u_elsewhere', state.account.callback) : t('nowhere'));

export function draw(panel) {
  const before = parts;
  if (!state.bot.script) {
    sync(panel, [{ key: 'no bot', version: '', make: () => h('p', { class: 'empty' }, why_not()) }]);
    return;
  }
  sync(panel, [{ key: 'kept', version: '', make: () => (parts = make()).root }]);
  update();
  if (parts !== before || whose !== current_user()) read();
}

sim.listen((event) => { if (['all', 'trace', 'entry', 'time', 'reload'].includes(event)) refresh(); });
