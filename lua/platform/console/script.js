// The Script tab: the files as they are on disk. Changes by another editor are shown; if both sides changed a file,
// both texts are shown with their differences, and the user chooses. A text that was not shown is never overwritten.

import { h, fill, set } from './dom.js';
import { tell_error } from './dialog.js';
import { differences, across, MOST } from './diff.js';
import { t } from './words.js';
import * as sim from './sim.js';

const LONG = 160; // characters: an error may show less
const PAUSE_MS = 1000; // between reads of the files, while the tab is shown

const { state } = sim;
const files = new Map(); // by name: { file, disk: its text on disk when shown, text: the editor's text, theirs: a conflicting new text on disk, or null }
let shown = null;        // the name of the file in the editor
let line = null;         // the requested line
let note = '';
let differ = [];         // the differences of both texts, while they are shown
let visited = -1;        // the one that was gone to last
let open = () => {};     // shows the tab
let parts = null;        // the elements, once created

// A textarea removes CR: files with CRLF get it back when saved.
const as_shown = (text) => text.replaceAll('\r\n', '\n');
const is_crlf = (text) => /\r\n/.test(text) && !/[^\r]\n/.test(text);
const as_saved = (one) => (is_crlf(one.disk) ? one.text.replaceAll('\n', '\r\n') : one.text);
const is_changed = (one) => one.text !== as_shown(one.disk);

export function on_open(fn) { open = fn; }

// ---- files on disk ----

function take(file, now) {
  const one = files.get(file);
  if (!one) return void files.set(file, { file, disk: now, text: as_shown(now), theirs: null });
  if (now === one.disk) return void (one.theirs = null);
  if (!is_changed(one) || one.text === as_shown(now)) {
    if (file === shown && one.text !== as_shown(now)) note = t('followed');
    return void Object.assign(one, { disk: now, text: as_shown(now), theirs: null });
  }
  one.theirs = now;
  return undefined;
}

async function read() {
  const answer = await sim.read_source();
  const names = new Set(answer.files.map((one) => one.file));
  for (const one of answer.files) take(one.file, one.text);
  for (const one of files.values()) if (!names.has(one.file) && !is_changed(one)) files.delete(one.file);
  if (!files.has(shown)) shown = files.keys().next().value ?? null;
}

async function follow() {
  await read().catch(() => {});
  if (parts?.root.isConnected) update();
}

setInterval(() => { if (parts?.root.isConnected && document.visibilityState === 'visible') follow(); }, PAUSE_MS);

addEventListener('beforeunload', (event) => {
  if ([...files.values()].some(is_changed)) event.preventDefault();
});

// ---- actions ----

// Returns where the file has a line that ran: the nearest that reads the same, or null.
function place_of(text, number, source) {
  const lines = text.split('\n').map((one) => one.trim());
  const is_it = (one) => one === source || source.length >= LONG && one.startsWith(source);
  if (source === undefined) return number;
  const near = lines.flatMap((one, i) => (is_it(one) ? [i + 1] : [])).sort((a, b) => Math.abs(a - number) - Math.abs(b - number));
  return near[0] ?? null;
}

// Opens the tab at a line of a file; `file`: the end of its path; `source`: the line's text when it ran.
export async function edit(file, number, source) {
  await read().catch(tell_error);
  const found = [...files.keys()].find((name) => name === file || name.endsWith(`/${file}`) || file.endsWith(`/${name}`) || file.startsWith('...') && name.endsWith(file.slice(3)));
  if (found) choose_file(found, place_of(files.get(found).text, number, source));
  if (found && line === null) note = t('line_gone', number, source);
  open();
}

function choose_file(file, number = null) {
  shown = file;
  line = number;
  note = '';
}

async function write(one) {
  const saved = as_saved(one);
  note = '';
  const { text: theirs } = await sim.save_source(one.file, saved, one.disk);
  if (theirs !== undefined) take(one.file, theirs);
  else {
    one.disk = saved;
    note ||= t('saved'); // unless the reload was told first
    line = null;
  }
}

export async function save() {
  const one = files.get(shown);
  if (!one || !parts?.root.isConnected) return;
  if (one.theirs === null) await write(one).catch(tell_error);
  update();
}

async function keep_mine() {
  const one = files.get(shown);
  Object.assign(one, { disk: one.theirs, theirs: null });
  await save();
}

function take_theirs() {
  const one = files.get(shown);
  Object.assign(one, { disk: one.theirs, text: as_shown(one.theirs), theirs: null });
  update();
}

// Returns a button that opens the place named in an error's text; nothing if the text names none.
export function place_button(text) {
  const found = /([^\s:'"]+\.lua):(\d+):/.exec(text);
  const source = found && new RegExp(`^ *${found[2]} \\| (.*)$`, 'm').exec(text)?.[1].trim();
  return found && h('button', { class: 'place', onclick: () => edit(found[1], Number(found[2]), source) }, t('see_line', found[2]));
}

// ---- drawing ----

// Scrolls an area, which leads no other then.
function scroll(area, top, left = area.scrollLeft) {
  area.scrollTo({ top, left, behavior: 'instant' });
  area.led = `${area.scrollTop} ${area.scrollLeft}`;
}

const row_of = (area) => parseFloat(getComputedStyle(area).lineHeight);

// Scrolls the other text to the line that belongs to this one's.
function lead(area, other, from, to) {
  if (area.led === `${area.scrollTop} ${area.scrollLeft}` || parts.theirs.hidden) return;
  area.led = null;
  const row = row_of(area);
  scroll(other, across(differ, area.scrollTop / row, from, to) * row, area.scrollLeft);
}

function visit(step) {
  const { length } = differ;
  visited = visited < 0 && step < 0 ? length - 1 : (visited + step + length) % length;
  const { a, b } = differ[visited];
  const { theirs, editor } = parts, row = row_of(editor);
  scroll(theirs, (a - 2) * row, 0);
  scroll(editor, (b - 2) * row, 0);
  const before = editor.value.split('\n').slice(0, b).join('\n').length + (b > 0);
  editor.setSelectionRange(before, before);
  update();
  parts.panes.scrollIntoView({ block: 'nearest', behavior: 'instant' });
}

// Returns a text with its gutter and its name.
function pane(area, gutter, name) {
  return h('div', { class: 'pane' }, name, h('div', { class: 'edit' }, gutter, area));
}

function make() {
  const editor = h('textarea', {
    id: 'editor', spellcheck: false, wrap: 'off',
    oninput: () => { files.get(shown).text = editor.value; update(); },
    onscroll: () => { parts.gutter.scrollTop = editor.scrollTop; lead(editor, theirs, 'b', 'a'); },
  });
  const theirs = h('textarea', {
    id: 'theirs', readOnly: true, wrap: 'off',
    onscroll: () => { parts.their_gutter.scrollTop = theirs.scrollTop; lead(theirs, editor, 'a', 'b'); },
  });
  const choice = h('select', { onchange: () => { choose_file(choice.value); update(); } });
  const made = {
    editor, theirs, choice, note: h('p', { id: 'note', role: 'status' }),
    gutter: h('div', { id: 'gutter', class: 'gutter', 'aria-hidden': 'true' }), their_gutter: h('div', { class: 'gutter', 'aria-hidden': 'true' }),
    name: h('small', { 'aria-hidden': 'true' }), their_name: h('small', { 'aria-hidden': 'true' }),
    save: h('button', { class: 'main', onclick: save }), warning: h('p', { role: 'alert' }),
    mine: h('button', { onclick: keep_mine }), other: h('button', { onclick: take_theirs }),
    previous: h('button', { onclick: () => visit(-1) }, '↑'), next: h('button', { onclick: () => visit(1) }, '↓'),
    where: h('span', { id: 'where', role: 'status' }),
  };
  made.both = h('div', { class: 'both' }, made.warning, h('div', { class: 'row' }, made.mine, made.other),
    h('div', { class: 'row' }, made.previous, made.next, made.where));
  made.their_pane = pane(theirs, made.their_gutter, made.their_name);
  made.panes = h('div', { class: 'panes' }, made.their_pane, pane(editor, made.gutter, made.name));
  made.root = h('div', { class: 'script' }, h('div', { class: 'row' }, choice, made.save), made.note, made.both, made.panes);
  return made;
}

function put_text(area, text) {
  if (area.value === text) return;
  const { selectionStart, selectionEnd, scrollTop } = area;
  area.value = text;
  area.setSelectionRange(Math.min(selectionStart, text.length), Math.min(selectionEnd, text.length));
  area.scrollTop = scrollTop;
}

// What is said already is not said again: a screen reader would repeat it.
function say(element, text) {
  if (element.textContent !== text) fill(element, text);
}

function update_choice() {
  const names = [...files.values()].map((one) => (is_changed(one) ? `${one.file} *` : one.file));
  if (parts.choice.dataset.names !== names.join('\n')) {
    parts.choice.dataset.names = names.join('\n');
    fill(parts.choice, [...files.keys()].map((file, i) => h('option', { value: file }, names[i])));
  }
  if (parts.choice.value !== shown) parts.choice.value = shown;
}

// Returns the line of the current file, as it is on disk, that the error of the last load names, or null.
function error_line() {
  const found = /([^\s:'"]+\.lua):(\d+):/.exec(state.bot.error || '');
  return found && (shown.endsWith(found[1]) || found[1].endsWith(shown)) ? Number(found[2]) : null;
}

// Draws the numbers of an area's lines: those in `marks` marked, those of the differences' `side` ('a' or 'b') with a
// sign and a colour.
function draw_gutter(area, gutter, marks, side, sign) {
  const count = area.value.split('\n').length;
  const drawn = `${count} ${marks} ${visited} ${JSON.stringify(differ)}`;
  if (gutter.dataset.drawn === drawn) return;
  gutter.dataset.drawn = drawn;
  const rows = Array.from({ length: count }, (_, i) => h('span', { class: marks.includes(i + 1) ? 'marked' : null }, i + 1));
  differ.forEach((one, i) => rows.slice(one[side], one[`${side}_end`]).forEach((row) => {
    row.prepend(`${sign} `);
    row.classList.add('differs');
    row.classList.toggle('visited', i === visited);
  }));
  fill(gutter, rows);
  // Lines that are only in the other text leave a stroke between two lines here.
  area.style.background = differ.map((one) => {
    const length = one[`${side}_end`] - one[side];
    return `linear-gradient(var(--${side}), var(--${side})) 0 calc(8px + ${one[side]} * var(--row) - ${length ? 0 : 1}px) / 100% ${length ? `calc(${length} * var(--row))` : '2px'} no-repeat local`;
  }).join(', ');
}

// Shows a line when it is marked anew; `kind`: why it is marked. The other text stays where the user reads.
function show_mark(area, gutter, kind, number) {
  const place = `${shown} ${number}`;
  if (number && gutter.dataset[kind] !== place) scroll(area, Math.max(0, (number - 6) * row_of(area)));
  gutter.dataset[kind] = place;
}

// The error of the last load is one of the file on disk: while that is shown apart, it is marked there.
function mark(one) {
  const { editor, gutter, theirs, their_gutter } = parts;
  const error = error_line();
  const [their_error, my_error] = one.theirs === null ? [null, error] : [error, null];
  draw_gutter(editor, gutter, [my_error, line], 'b', '+');
  draw_gutter(theirs, their_gutter, [their_error], 'a', '−');
  show_mark(theirs, their_gutter, 'error', their_error);
  show_mark(editor, gutter, 'error', my_error);
  show_mark(editor, gutter, 'line', line);
  gutter.scrollTop = editor.scrollTop;
  their_gutter.scrollTop = theirs.scrollTop;
}

function compare(one) {
  const texts = one.theirs === null ? null : JSON.stringify([as_shown(one.theirs), one.text]);
  if (parts.both.texts === texts) return;
  parts.both.texts = texts;
  differ = texts ? differences(...JSON.parse(texts).map((text) => text.split('\n'))) : [];
  visited = -1;
}

// Returns what is said about the differences: how many they are, or which one was gone to.
function where() {
  const at = differ[visited];
  const words = at ? t('difference', visited + 1, differ.length, at.a + 1, at.b + 1) : t('differences', differ.length);
  return differ[0]?.too_many ? `${t('too_many', MOST)} ${words}` : words;
}

function update_both(one) {
  for (const part of [parts.both, parts.their_pane, parts.name]) part.hidden = one.theirs === null;
  compare(one);
  if (one.theirs === null) return;
  const words = { warning: 'both_changed', mine: 'keep_mine', other: 'take_theirs', their_name: 'on_disk', name: 'yours' };
  for (const [name, word] of Object.entries(words)) say(parts[name], t(word));
  for (const name of ['previous', 'next']) set(parts[name], { title: t(name), 'aria-label': t(name), disabled: !differ.length });
  say(parts.where, where());
  put_text(parts.theirs, as_shown(one.theirs));
}

function update() {
  const one = files.get(shown);
  if (!one) return;
  const { error } = state.bot;
  set(parts.note, { tabindex: error ? 0 : null }); // a long error scrolls
  set(parts.editor, { 'aria-label': t('editor') });
  set(parts.choice, { 'aria-label': t('tab_script') });
  set(parts.theirs, { 'aria-label': t('on_disk') });
  fill(parts.save, t('save'));
  update_both(one);
  update_choice();
  put_text(parts.editor, one.text);
  const words = error ? h('span', { class: 'fault' }, t('not_reloaded', error)) : is_changed(one) ? h('span', { class: 'open' }, t('unsaved')) : note;
  if (parts.note.textContent !== (words.textContent ?? words)) fill(parts.note, words);
  mark(one);
}

export function draw(panel) {
  if (!files.size) {
    const empty = h('p', { class: state.bot.error ? 'empty fault' : 'empty' }, state.bot.error ? t('not_reloaded', state.bot.error) : t('no_source'));
    read().then(() => { if (files.size && empty.isConnected) draw(panel); }, tell_error);
    return void fill(panel, empty);
  }
  parts ||= make();
  if (panel.firstChild !== parts.root) {
    fill(panel, parts.root);
    follow();
  }
  return update();
}

sim.listen((event) => {
  if (event !== 'reload') return;
  note = state.bot.ok ? t('reloaded') : '';
  if (files.size) follow();
});
