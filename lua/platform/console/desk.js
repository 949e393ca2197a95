// The desk: each message from its XML to its reply, the calls that the bot made, the log, the script, the faults.

import { h, fill } from './dom.js';
import { tell_error } from './dialog.js';
import { t } from './words.js';
import * as sim from './sim.js';

const { state } = sim;
const at = (id) => document.getElementById(id);
const names = ['trace', 'calls', 'log', 'script', 'faults'];
const open = new Set(); // what is unfolded, by its key
let tab = 'trace';
let seen = false;      // the state was read once
let source = null;      // { files, file, text, changed, note, line }

const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString([], { hour12: false });

// Unfolded as long as its key is remembered, whatever is drawn anew.
function fold(key, summary, make) {
  const details = h('details', { open: open.has(key), 'data-key': key }, h('summary', {}, summary));
  const body = h('div', { class: 'body' });
  details.append(body);
  const show = () => { if (details.open && !body.firstChild) fill(body, make()); };
  details.addEventListener('toggle', () => {
    if (details.open) open.add(key);
    else open.delete(key);
    show();
  });
  show();
  return details;
}

// ---- texts ----

// XML with a line an element, as one reads it.
function pretty_xml(text) {
  let depth = 0;
  const lines = [];
  for (const part of text.match(/<!\[CDATA\[[^]*?\]\]>|<\/?[^>]+>|[^<]+/g) || []) {
    const closes = /^<\/[^!]/.test(part);
    const opens = /^<[^/!?]/.test(part) && !part.endsWith('/>');
    if (closes) depth = Math.max(0, depth - 1);
    const last = lines.at(-1);
    if (opens) lines.push({ depth, text: part, bare: true });
    else if (closes && last && last.bare) last.text += part, last.bare = false;
    else if (closes) lines.push({ depth, text: part });
    else if (part.trim() && last) last.text += part;
    if (opens) depth += 1;
  }
  return lines.map((line) => '  '.repeat(line.depth) + line.text).join('\n') || text;
}

function pretty(text) {
  if (text === null || text === undefined) return '';
  if (typeof text === 'object') return JSON.stringify(text, null, 2);
  if (/^\s*</.test(text)) return pretty_xml(text);
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

const code = (text) => h('pre', {}, pretty(text));
const empty = (key) => h('p', { class: 'empty' }, t(key));

function table(fields) {
  return h('dl', { class: 'fields' }, Object.entries(fields || {}).map(([name, value]) => [
    h('dt', {}, name), h('dd', {}, typeof value === 'object' ? JSON.stringify(value) : value)]));
}

// ---- messages ----

const nickname = (openid) => state.users.find((one) => one.openid === openid)?.nickname || openid;

function call_of(id) { return state.calls.find((one) => one.id === id); }

function try_part(one) {
  const status = one.error || (one.status ? `HTTP ${one.status}` : '…');
  return h('section', {}, h('h3', {}, t('try_n', one.n), ' · ', status, one.ms !== undefined && ` · ${one.ms} ms`),
    h('h4', {}, t('xml_in')), code(one.request), h('h4', {}, t('xml_out')),
    one.plain || one.reply ? code(one.plain || one.reply) : h('p', { class: 'empty' }, t('nothing')));
}

function trace_body(item) {
  return [item.error && h('p', { class: 'fault' }, item.error), item.note && h('p', {}, item.note),
    h('h3', {}, t('t_fields')), table(item.fields),
    item.calls.length > 0 && [h('h3', {}, t('t_calls')), item.calls.map(({ id, name }) => call_of(id) ? call_row(call_of(id)) : h('p', {}, name))],
    item.tries.map(try_part)];
}

function trace_row(item) {
  const outcome = item.outcome || 'under_way';
  return fold(`t${item.id}`, [
    h('span', { class: 'clock' }, clock(item.time)), h('b', {}, item.kind), h('span', { class: 'what' }, item.summary),
    h('span', { class: 'who' }, nickname(item.openid)),
    h('span', { class: `outcome ${outcome}` }, t(outcome), item.ms !== undefined && ` ${item.ms} ms`),
  ], () => trace_body(item));
}

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
  ], () => [h('h4', {}, t('request')), table(call.query), call.body && code(call.body), h('h4', {}, t('answer')), code(call.answer)]);
}

// ---- the log ----

function log_row(line) {
  const place = line.file && h('button', { type: 'button', class: 'place', onclick: () => edit(line.file, line.line) }, t('see_line', line.line));
  return h('div', { class: `logged ${line.level}` }, h('span', { class: 'clock' }, clock(line.time)), h('b', {}, line.level), h('pre', {}, line.text), place);
}

// ---- the script ----

async function load_source() {
  try {
    const { files } = await sim.read_source();
    source = { files, file: files[0]?.file, note: '' };
    source.text = files[0]?.text;
  } catch (error) {
    source = { files: [], note: error.message };
  }
}

export async function edit(file, line) {
  await load_source();
  const found = source.files.find((one) => one.file === file || one.file.endsWith(`/${file}`) || file.endsWith(one.file));
  if (found) Object.assign(source, { file: found.file, text: found.text, line });
  choose(names.indexOf('script'));
}

export async function save() {
  if (tab !== 'script' || !source?.file) return;
  try {
    await sim.save_source(source.file, at('editor').value);
    Object.assign(source, { text: at('editor').value, changed: false, note: t('saved'), line: null });
    for (const one of source.files) if (one.file === source.file) one.text = source.text;
    draw_note();
  } catch (error) {
    tell_error(error.message);
  }
}

function draw_note() {
  const { error } = state.bot;
  const line = error && /:(\d+):/.exec(error);
  if (at('note')) fill(at('note'), error ? h('span', { class: 'fault' }, t('not_reloaded', error)) : source.note);
  mark_line(line ? Number(line[1]) : source.line);
}

function mark_line(number) {
  const editor = at('editor');
  const gutter = at('gutter');
  if (!editor || !gutter) return;
  const count = editor.value.split('\n').length;
  fill(gutter, Array.from({ length: count }, (_, i) => h('span', { class: i + 1 === number ? 'marked' : null }, i + 1)));
  if (number && source.shown !== number) {
    source.shown = number;
    const height = editor.scrollHeight / count;
    editor.scrollTop = Math.max(0, (number - 6) * height);
  }
  gutter.scrollTop = editor.scrollTop;
}

function draw_script(panel) {
  if (!source) return load_source().then(draw);
  if (!source.files.length) return fill(panel, empty('no_source'));
  const editor = h('textarea', {
    id: 'editor', spellcheck: false, 'aria-label': t('editor'), wrap: 'off',
    oninput: () => { source.text = editor.value; source.changed = true; mark_line(source.line); },
    onscroll: () => { at('gutter').scrollTop = editor.scrollTop; },
  });
  editor.value = source.text;
  const choice = h('select', { 'aria-label': t('tab_script'), onchange: () => {
    const file = source.files[choice.selectedIndex];
    Object.assign(source, { file: file.file, text: file.text, line: null, note: '' });
    draw();
  } }, source.files.map((one) => h('option', { selected: one.file === source.file }, one.file)));
  fill(panel, h('div', { class: 'script' }, h('div', { class: 'row' }, choice, h('button', { type: 'button', class: 'main', onclick: save }, t('save'))),
    h('p', { id: 'note', role: 'status' }), h('div', { class: 'edit' }, h('div', { id: 'gutter', 'aria-hidden': 'true' }), editor)));
  draw_note();
  return undefined;
}

// ---- faults ----

async function change(fields) {
  try {
    await sim.switch_faults(fields);
  } catch (error) {
    tell_error(error.message);
  }
}

function fault_row(name) {
  const value = state.faults[name];
  const counted = name === 'slow_ms' || name === 'fail';
  const number = counted && h('input', { type: 'number', min: 0, 'aria-label': t(`f_${name}`) });
  if (number) number.value = value || (name === 'slow_ms' ? 3000 : 45009);
  const box = h('input', { type: 'checkbox', role: 'switch', onchange: () => change({ [name]: box.checked && (counted ? Number(number.value) : true) }) });
  box.checked = Boolean(value);
  if (number) number.addEventListener('change', () => box.checked && change({ [name]: Number(number.value) }));
  return h('div', { class: 'switch' }, h('label', {}, box, h('span', {}, t(`f_${name}`))), number);
}

function draw_faults(panel) {
  const once = (work) => () => work().catch((error) => tell_error(error.message));
  fill(panel, h('div', { class: 'faults' }, ['slow_ms', 'fail', 'revoke', 'quota', 'twice', 'network'].map(fault_row),
    h('div', { class: 'row' }, h('button', { type: 'button', onclick: once(sim.revoke_token) }, t('revoke_now')),
      h('button', { type: 'button', onclick: once(sim.reset) }, t('reset')))));
}

// ---- all of it ----

const newest_first = (list, make) => [...list].reverse().slice(0, 100).map(make);
const panels = {
  trace: (panel) => fill(panel, state.trace.length ? newest_first(state.trace, trace_row) : empty('no_trace')),
  calls: (panel) => fill(panel, state.calls.length ? newest_first(state.calls, call_row) : empty('no_calls')),
  log: (panel) => fill(panel, state.log.length ? newest_first(state.log, log_row) : empty('no_log')),
  script: draw_script,
  faults: draw_faults,
};

function draw_tabs() {
  const bad = { log: state.log.some((line) => line.level === 'error'), script: state.bot.error };
  fill(at('tabs'), names.map((name, i) => h('button', {
    type: 'button', role: 'tab', id: `tab-${name}`, 'aria-selected': String(name === tab), 'aria-controls': 'panel',
    class: bad[name] ? 'alert' : null, onclick: () => choose(i),
  }, t(`tab_${name}`))));
  at('panel').setAttribute('aria-labelledby', `tab-${tab}`);
}

export function choose(i) {
  if (names[i] === undefined) return;
  tab = names[i];
  draw();
}

export function draw() {
  draw_tabs();
  panels[tab](at('panel'));
}

// What is being typed into is not drawn anew.
const soon = (() => {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      if (tab !== 'script') draw();
      else draw_tabs();
    });
  };
})();

sim.listen(async (event) => {
  if (event === 'all') {
    if (!seen && state.bot.error) tab = 'script'; // there is nothing else to do
    seen = true;
    await sim.read_calls().catch(() => {});
    return draw();
  }
  if (event === 'trace' || event === 'all') await sim.read_calls().catch(() => {});
  if (event === 'reload' && source) {
    source.note = state.bot.ok ? t('reloaded') : '';
    if (tab === 'script') draw_note();
  }
  if (event === 'faults' || event === 'trace' || event === 'log' || event === 'reload') soon();
  return undefined;
});
