// The desk: each message from its XML to its reply, the bot's API calls, the log, the script, the bot's state, the
// faults.

import { h, at, set, sync, once_a_frame, arrow_keys } from './dom.js';
import { ask, tell_error } from './dialog.js';
import { fold, clock, code, table, pretty_xml, or_empty, newest_first } from './rows.js';
import { t, said } from './words.js';
import { on_user, user_of } from './phone.js';
import * as script from './script.js';
import * as kept from './kept.js';
import * as sim from './sim.js';

const { state } = sim;
export const names = ['trace', 'calls', 'log', 'script', 'faults', 'kept'];
let tab = 'trace';
let seen = false; // the state has been read

// ---- messages ----

const nickname = (openid) => user_of(openid).nickname;

function call_of(id) { return state.calls.find((one) => one.id === id); }

function try_part(one) {
  const status = one.error ? said(one.error) : (one.status ? `HTTP ${one.status}` : '…');
  return h('section', {}, h('h2', {}, t('try_n', one.n), ' · ', status, one.ms !== undefined && ` · ${one.ms} ms`),
    one.query && [h('h3', {}, t('t_query')), code(one.query)], h('h3', {}, t('xml_in')), code(one.request), h('h3', {}, t('xml_out')),
    one.plain || one.reply ? code(one.plain || one.reply) : h('p', { class: 'empty' }, t('nothing')));
}

const of_script = (names = {}) => Object.fromEntries(Object.entries(names).sort().map(([name, value]) => [`msg.${name}`, value]));

// A part of an answer.
const part_row = (part) => h('div', { class: 'fact' }, h('span', { class: 'clock' }, clock(part.time)), h('b', {}, t(`via_${part.via}`)),
  h('span', { class: 'what' }, part.kind !== 'text' && `[${t(part.kind)}] `, part.text));
const is_in_parts = ({ parts = [] }) => parts.length > 1 || parts[0]?.via === 'custom';

const again = (item) => sim.act({ act: 'resend', user: item.openid, id: item.id }).catch(tell_error);

// Asks again, with the changed text, if that is refused.
async function again_changed(item, text = pretty_xml(item.tries[0]?.request || '')) {
  const given = await ask(t('change_again'), [{ name: 'document', label: 'XML', type: 'lines', rows: 14, value: text }]);
  if (!given) return;
  // Without the line breaks that pretty_xml inserted between elements.
  const document = given.document.replace(/<!\[CDATA\[[^]*?\]\]>|(?<=>)\s*\n\s*(?=<)/g, (part) => part.trim() && part);
  const user = /<FromUserName>(?:<!\[CDATA\[)?([^<\]]+)/.exec(document)?.[1] || item.openid;
  await sim.act({ act: 'resend', user, id: item.id, document }).catch((error) => {
    again_changed(item, given.document);
    tell_error(error);
  });
}

// ---- row selection ----

const filter = { text: '', user: '', outcome: '' };
const outcomes = ['replied', 'success', 'late', 'failed', 'under_way'];

function fits(item) {
  if (filter.user && item.openid !== filter.user) return false;
  if (filter.outcome && (item.outcome || 'under_way') !== filter.outcome) return false;
  if (!filter.text) return true;
  return JSON.stringify([item.kind, item.summary, item.fields, item.replied, item.script_error, nickname(item.openid), item.openid])
    .toLowerCase().includes(filter.text.toLowerCase());
}

function make_filter() {
  const on = (name) => (event) => { filter[name] = event.target.value; draw(); };
  const search = h('input', { type: 'search', 'aria-label': t('search'), placeholder: t('search'), oninput: on('text') });
  const outcome = h('select', { 'aria-label': t('any_outcome'), onchange: on('outcome') }, h('option', { value: '' }, t('any_outcome')),
    outcomes.map((one) => h('option', { value: one }, t(one))));
  search.value = filter.text;
  outcome.value = filter.outcome;
  return h('div', { class: 'filter', role: 'search' }, search, h('select', { id: 'of-user', 'aria-label': t('any_user'), onchange: on('user') }), outcome);
}

function draw_trace(panel) {
  sync(panel, [{ key: 'filter', version: '', make: make_filter }, { key: 'rows', version: '', make: () => h('div') }]);
  const users = panel.querySelector('#of-user');
  sync(users, [{ key: '', version: '', make: () => h('option', { value: '' }, t('any_user')) },
    ...state.users.map((one) => ({ key: one.openid, version: one.nickname, make: () => h('option', { value: one.openid }, one.nickname) }))]);
  if (users.value !== filter.user) users.value = filter.user;
  const found = state.trace.filter(fits);
  or_empty(panel.lastChild, newest_first(found, (item) => ({ key: `t${item.id}`, version: version_of(item), make: () => trace_row(item) })),
    state.trace.length ? 'none_fits' : 'no_trace');
}

function trace_body(item) {
  return [h('div', { class: 'row again' }, h('button', { onclick: () => again(item) }, t('send_again')),
    h('button', { onclick: () => again_changed(item) }, t('change_again'))),
    item.script_error && [h('pre', { class: 'fault' }, item.script_error), script.place_button(item.script_error)],
    item.note && h('p', {}, said(item.note)),
    is_in_parts(item) && [h('h2', {}, t('t_parts')), item.parts.map(part_row)],
    h('h2', {}, t('t_fields')), table({ ...of_script(item.names), ...item.fields }),
    item.calls.length > 0 && [h('h2', {}, t('t_calls')), item.calls.map(({ id, name }) => call_of(id) ? call_row(call_of(id)) : h('p', {}, name))],
    item.tries.map(try_part)];
}

function trace_row(item) {
  const outcome = item.outcome || 'under_way';
  return fold(`t${item.id}`, [
    h('span', { class: 'clock' }, clock(item.time)), h('b', {}, item.kind), h('span', { class: 'what' }, item.summary),
    h('span', { class: 'who' }, nickname(item.openid)),
    h('span', { class: `outcome ${outcome}` }, t(item.script_error ? 'script_failed' : outcome), item.ms !== undefined && ` ${item.ms} ms`, item.parts?.length > 1 && ` · ${t('n_parts', item.parts.length)}`),
  ], () => trace_body(item));
}

// Identifies everything that a row shows: equal versions look the same.
const version_of = (item) => [item.outcome, item.ms, item.note, item.script_error, nickname(item.openid), item.parts?.length, item.calls.filter(({ id }) => call_of(id)).length,
  item.calls.length, item.tries.map((one) => one.ms).join()].join('\n');

// ---- calls ----

function errcode_of(call) {
  try {
    const { errcode } = typeof call.answer === 'string' ? JSON.parse(call.answer) : call.answer;
    return errcode || 0;
  } catch {
    return 0;
  }
}

function call_row(call) {
  const errcode = errcode_of(call);
  const bad = errcode !== 0 || call.status !== 200;
  return fold(`c${call.id}`, [
    h('span', { class: 'clock' }, clock(call.time)), h('b', {}, call.name || call.path), h('span', { class: 'what' }, `${call.verb} ${call.path}`),
    h('span', { class: `outcome ${bad ? 'failed' : 'replied'}` }, errcode || call.status, ` ${call.ms} ms`),
  ], () => [h('h3', {}, t('request')), table(call.query), call.body && code(call.body), h('h3', {}, t('answer')), code(call.answer)]);
}

// ---- log ----

function log_row(line) {
  return h('div', { class: `logged ${line.level}` }, h('span', { class: 'clock' }, clock(line.time)), h('b', {}, line.level), h('pre', {}, line.text),
    script.place_button(line.text));
}

// ---- faults ----

const units = { s: 1, m: 60, h: 3600, d: 86400 };

// 90, 30m, 1h 30m; NaN for anything else.
function seconds_of(text) {
  if (!/^\s*([\d.]+\s*[smhd]\s*)*([\d.]+\s*)?$/.test(text)) return NaN;
  return [...text.matchAll(/([\d.]+)\s*([smhd]?)/g)].reduce((sum, [, number, unit]) => sum + Number(number) * (units[unit] || 1), 0);
}

async function move_time() {
  const given = await ask(t('move_time'), [{ name: 'by', label: t('time_by'), needed: true, value: '1h' }]);
  if (!given) return undefined;
  const seconds = seconds_of(given.by);
  if (!(seconds > 0 && seconds <= 366 * units.d)) return tell_error(t('time_wrong', given.by));
  return sim.move_time(seconds).catch(tell_error);
}

const fault_names = ['slow_ms', 'fail', 'revoke', 'quota', 'twice', 'network'];

function fault_row(name) {
  const counted = name === 'slow_ms' || name === 'fail';
  const change = (value) => sim.switch_faults({ [name]: value }).catch(tell_error);
  const number = counted && h('input', { type: 'number', min: 0, 'aria-label': t(`f_${name}`), value: String(name === 'slow_ms' ? 3000 : 45009) });
  const box = h('input', { type: 'checkbox', role: 'switch', onchange: () => change(box.checked && (counted ? Number(number.value) : true)) });
  if (number) number.addEventListener('change', () => box.checked && change(Number(number.value)));
  return h('div', { class: 'switch', 'data-fault': name }, h('label', {}, box, h('span', {}, t(`f_${name}`))), number);
}

function make_faults() {
  const once = (work) => () => work().catch(tell_error);
  return h('div', { class: 'faults' }, fault_names.map(fault_row),
    h('div', { class: 'row' }, h('button', { onclick: move_time }, t('move_time')),
      h('button', { onclick: once(sim.revoke_token) }, t('revoke_now')),
      h('button', { onclick: once(sim.reset) }, t('reset'))));
}

// Updates the panel without touching the input being edited.
function draw_faults(panel) {
  sync(panel, [{ key: 'faults', version: '', make: make_faults }]);
  for (const name of fault_names) {
    const [box, number] = panel.querySelectorAll(`[data-fault=${name}] input`);
    box.checked = Boolean(state.faults[name]);
    if (number && box.checked && number !== document.activeElement) number.value = state.faults[name];
  }
}

// ---- tabs and updates ----

const panels = {
  trace: draw_trace,
  calls: (panel) => or_empty(panel, newest_first(state.calls, (call) => ({ key: `c${call.id}`, version: '', make: () => call_row(call) })), 'no_calls'),
  log: (panel) => or_empty(panel, newest_first(state.log, (line) => ({ key: line, version: '', make: () => log_row(line) })), 'no_log'),
  script: script.draw,
  faults: draw_faults,
  kept: kept.draw,
};

function draw_tabs() {
  const bad = { log: state.log.some((line) => line.level === 'error'), script: state.bot.error };
  sync(at('tabs'), names.map((name, i) => ({ key: name, version: '', make: () => h('button', {
    role: 'tab', id: `tab-${name}`, 'aria-controls': 'panel', onclick: () => choose(i),
  }, t(`tab_${name}`)) })));
  for (const name of names) set(at(`tab-${name}`), { 'aria-selected': String(name === tab), tabindex: name === tab ? 0 : -1, class: bad[name] ? 'alert' : null });
  set(at('panel'), { 'aria-labelledby': `tab-${tab}` });
}

export function choose(i) {
  if (names[i] === undefined) return;
  tab = names[i];
  draw();
  at(`tab-${tab}`).scrollIntoView({ block: 'nearest', inline: 'nearest' });
  at(`tab-${tab}`).focus();
}

export function draw() {
  draw_tabs();
  panels[tab](at('panel'));
}

const soon = once_a_frame(draw);

arrow_keys(at('tabs'), (button) => button.click());

on_user(() => { if (tab === 'kept') draw(); });

sim.listen(async (event) => {
  if (event === 'all') {
    if (!seen && state.bot.error) tab = 'script'; // the script tab shows the error
    seen = true;
    await sim.read_calls().catch(() => {});
    return draw();
  }
  if (['faults', 'trace', 'log', 'failure', 'reload', 'user'].includes(event)) soon();
  if (event !== 'trace') return undefined;
  await sim.read_calls().catch(() => {});
  return soon();
});
