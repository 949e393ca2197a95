// The live desk: messages as they arrive, errors, conversations, owed answers, figures, the script. Read only, except
// for reload.

import { h, at, fill, set, sync, draw_anew, once_a_frame, arrow_keys } from './dom.js';
import { show_page, tell_error } from './dialog.js';
import { fold, clock, code, content_of, duration, table, or_empty, newest_first } from './rows.js';
import { t, choose, choose_first, language } from './words.js';
import { change_theme } from './choices.js';
import './live_words.js';
import { meanings } from './figures_zh.js';
import * as feed from './feed.js';

const { state } = feed;
const names = ['messages', 'errors', 'conversations', 'owed', 'figures', 'status'];
const filter = { text: '', outcome: '' };
let tab = 'messages';

// ---- messages ----

const outcomes = ['replied', 'success', 'late', 'late_text', 'kept', 'duplicate', 'unanswered', 'failed', 'refused', 'lost'];
const colours = { late_text: 'late', kept: 'late', duplicate: 'success', unanswered: 'late', refused: 'failed', lost: 'failed' };

function message_body(item) {
  return [h('h2', {}, t('t_fields')), table({ openid: item.openid, msgid: item.msgid, type: item.type, attempt: item.attempt, ms: item.ms, api_calls: item.calls, ...(item.place && { place: item.place }) }),
    h('h3', {}, t('xml_in')), code(item.document),
    h('h3', {}, t('xml_out')), item.reply ? code(item.reply) : h('p', { class: 'empty' }, t('nothing'))];
}

function message_row(item) {
  const outcome = item.outcome || 'under_way';
  return fold(item.key, [
    h('span', { class: 'clock' }, clock(item.time)), h('b', {}, item.type), h('span', { class: 'what' }, content_of(item.document)),
    h('span', { class: 'who' }, item.openid),
    h('span', { class: `outcome ${colours[outcome] || outcome}` }, t(`o_${outcome}`), item.ms !== undefined && ` ${Math.round(item.ms)} ms`),
  ], () => message_body(item));
}

function fits(item) {
  if (filter.outcome && item.outcome !== filter.outcome) return false;
  if (!filter.text) return true;
  return JSON.stringify([item.openid, item.msgid, item.type, item.document, item.reply, item.place]).toLowerCase().includes(filter.text.toLowerCase());
}

function make_filter() {
  const on = (name) => (event) => { filter[name] = event.target.value; draw(); };
  const search = h('input', { type: 'search', 'aria-label': t('search'), placeholder: t('search'), oninput: on('text') });
  const outcome = h('select', { 'aria-label': t('any_outcome'), onchange: on('outcome') }, h('option', { value: '' }, t('any_outcome')),
    outcomes.map((one) => h('option', { value: one }, t(`o_${one}`))));
  search.value = filter.text;
  outcome.value = filter.outcome;
  return h('div', { class: 'filter', role: 'search' }, search, outcome);
}

function draw_messages(panel) {
  sync(panel, [{ key: 'filter', version: '', make: make_filter },
    { key: 'missed', version: state.missed, make: () => h('p', { class: 'missed', hidden: state.missed === 0 }, t('missed', state.missed)) },
    { key: 'rows', version: '', make: () => h('div') }]);
  const found = state.messages.filter(fits);
  or_empty(panel.lastChild, newest_first(found, (item) => ({
    key: item.key, version: [item.outcome, item.ms, Boolean(item.reply), Boolean(item.document)].join(), make: () => message_row(item) })),
  state.messages.length ? 'none_fits' : 'no_messages');
}

// ---- errors, conversations, owed answers ----

const line_row = (line) => h('div', { class: `logged ${line.level}` }, h('span', { class: 'clock' }, clock(line.time)), h('b', {}, line.level),
  line.openid && h('button', { class: 'place', title: t('of_user'), onclick: () => search(line.openid) }, line.openid), h('pre', {}, line.text));

const ago = (unix_s) => duration(Date.now() / 1000 - unix_s);

function grid(heads, rows) {
  return h('table', { class: 'grid' }, h('thead', {}, h('tr', {}, heads.map((head) => h('th', { scope: 'col' }, head)))),
    h('tbody', {}, rows.map((cells) => h('tr', {}, cells.map((cell) => h('td', {}, cell))))));
}

// Draws a panel of one element, created again when its data change.
const whole = (panel, data, make) => sync(panel, [{ key: 'whole', version: JSON.stringify(data), make }]);
const list = (panel, rows, empty, heads, cells) => (rows.length ? whole(panel, rows.map(cells), () => grid(heads, rows.map(cells))) : or_empty(panel, [], empty));

function draw_conversations(panel) {
  list(panel, state.conversations, 'no_conversations', [t('h_user'), t('h_question'), t('h_since'), t('h_left'), t('h_place')],
    (one) => [one.openid, one.question || '—', ago(one.since), duration(one.left), one.place || '—']);
}

// Draws owed and kept answers. Owed: the script is still running. Kept: the answer waits for its user's next message.
function draw_owed(panel) {
  const owed = state.owed.map((one) => [one.openid, t('a_owed'), content_of(one.document) || '—', one.since ? ago(one.since) : '—']);
  const kept = state.kept.map((one) => [one.openid, t(one.ready ? 'a_kept' : 'a_promised'), one.text || one.type || '—', ago(one.since)]);
  list(panel, [...owed, ...kept], 'no_owed', [t('h_user'), t('s_status'), t('h_message'), t('h_since')], (cells) => cells);
}

// ---- figures and script ----

// A number that is whole stays so.
const rounded = (number) => String(Number.isInteger(number) ? number : Number(number.toPrecision(4)));
const meaning_of = ({ name, help }) => (language() === 'en' ? help : meanings[name] || help);
const value_of = (row) => (row.value !== undefined ? rounded(row.value) : `${row.count} × ${row.count ? rounded(row.sum / row.count) : 0}`);

function draw_figures(panel) {
  // A labelled figure of zero has not occurred and is hidden.
  const happened = (row) => row.labels === '' || row.value > 0 || row.count > 0;
  const cells = (family) => family.rows.filter(happened).map((row) => [family.name, row.labels, value_of(row), meaning_of(family)]);
  list(panel, state.figures.flatMap(cells), 'no_figures', [t('h_figure'), t('h_labels'), t('h_value'), t('h_help')], (row) => row);
}

function status_fields() {
  const { script, store, access_token: token, ...rest } = state.health;
  return {
    [t('s_status')]: rest.status, [t('s_version')]: rest.version, [t('s_up')]: duration(rest.uptime_s), [t('s_script')]: script.file, [t('s_loads')]: script.loads,
    [t('s_failures')]: script.failures, [t('s_states')]: script.interpreters, [t('s_store')]: `${store.kind}${store.ok ? '' : `: ${store.error}`}`,
    [t('s_token')]: token.expires_in_s === null ? '—' : duration(token.expires_in_s), [t('s_jobs')]: rest.jobs, [t('s_waiting')]: rest.waiting,
    [t('tab_conversations')]: rest.conversations, [t('tab_owed')]: rest.owed,
  };
}

function draw_status(panel) {
  if (!state.health) return or_empty(panel, [], 'no_figures');
  const fields = status_fields();
  const { error } = state.health.script;
  return whole(panel, [fields, error], () => h('div', { class: 'body' }, error && h('pre', { class: 'fault' }, error), table(fields)));
}

// ---- tabs and updates ----

const panels = {
  messages: draw_messages,
  errors: (panel) => or_empty(panel, newest_first(state.lines, (line) => ({ key: line.id, version: '', make: () => line_row(line) })), 'no_errors'),
  conversations: draw_conversations, owed: draw_owed, figures: draw_figures, status: draw_status,
};

function bot_words() {
  if (!state.connected || !state.health) return t(state.health ? 'lost' : 'connecting');
  if (state.health.script.error) return t('not_reloaded', state.health.script.error.split('\n')[0]);
  return t('serving', state.health.script.file.replace(/^.*\//, ''));
}

function draw_bar() {
  const bad = !state.connected || state.health?.script.error || (state.health && state.health.status !== 'ok');
  at('bot').className = `state ${bad ? 'bad' : 'good'}`;
  if (at('bot').textContent !== bot_words()) fill(at('bot'), bot_words());
  at('bot').title = state.health?.script.error || '';
  for (const [id, word] of [['reload', 'reload'], ['language', 'language'], ['logout', 'logout']]) if (at(id).textContent !== t(word)) fill(at(id), t(word));
  for (const [id, sign] of [['theme', '◐'], ['help', '?']]) {
    at(id).title = t(id);
    at(id).setAttribute('aria-label', t(id));
    at(id).textContent = sign;
  }
}

function draw_tabs() {
  const counts = { errors: state.lines.length, conversations: state.health?.conversations, owed: state.owed.length + state.kept.length };
  sync(at('tabs'), names.map((name, i) => ({ key: name, version: '', make: () => h('button', {
    role: 'tab', id: `tab-${name}`, 'aria-controls': 'panel', onclick: () => choose_tab(i),
  }, t(`tab_${name}`), h('span', { class: 'so-many' })) })));
  for (const name of names) {
    const button = at(`tab-${name}`);
    set(button, { 'aria-selected': String(name === tab), tabindex: name === tab ? 0 : -1, class: name === 'errors' && state.lines.some((line) => line.level === 'error') ? 'alert' : null });
    const count = counts[name] ? ` ${counts[name]}` : '';
    if (button.lastChild.textContent !== count) button.lastChild.textContent = count;
  }
  set(at('panel'), { 'aria-labelledby': `tab-${tab}` });
}

function choose_tab(i) {
  tab = names[i];
  at('panel').scrollTop = 0;
  draw();
  at(`tab-${tab}`).scrollIntoView({ block: 'nearest', inline: 'nearest' });
  at(`tab-${tab}`).focus();
}

function draw() {
  draw_bar();
  draw_tabs();
  panels[tab](at('panel'));
}

const soon = once_a_frame(draw);

// ---- actions ----

async function reload() {
  const answer = await feed.reload().catch((error) => ({ ok: false, text: error.message }));
  if (!answer.ok) return tell_error(t('not_reloaded', answer.text));
  const note = h('p', { class: 'toast good', role: 'status' }, t('reloaded'));
  document.body.append(note);
  return setTimeout(() => note.remove(), 4000);
}

function show_keys() {
  const rows = [['1 … 6', 'k_tabs'], ['/', 'search'], ['r', 'reload'], ['Esc', 'k_esc']];
  show_page(t('keys_title'), h('dl', { class: 'keys-list' }, rows.map(([key, words]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, t(words))])));
}

function search(text = filter.text) {
  filter.text = text;
  if (tab !== 'messages') choose_tab(0);
  const field = at('panel').querySelector('[type=search]');
  field.value = text;
  field.focus();
}

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !at('dialog').open) return event.target.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || at('dialog').open || event.target.closest('input, textarea, select')) return undefined;
  if (event.key >= '1' && event.key <= String(names.length)) return choose_tab(Number(event.key) - 1);
  const act = { '?': show_keys, '/': search, r: reload }[event.key];
  if (!act) return undefined;
  event.preventDefault();
  return act();
});

arrow_keys(at('tabs'), (button) => button.click());

at('language').addEventListener('click', () => {
  choose(language() === 'en' ? 'zh-CN' : 'en');
  draw_anew();
  draw();
});
at('theme').addEventListener('click', change_theme);
at('help').addEventListener('click', show_keys);
at('reload').addEventListener('click', reload);
at('logout').addEventListener('click', () => feed.leave());

choose_first();
feed.listen(soon);
draw();
feed.start();
