// The Script tab: the files as they are on disk. Changes by another editor are shown; if both sides changed a file,
// both texts are shown and the user chooses. A text that was not shown is never overwritten.

import { h, fill, set } from './dom.js';
import { tell_error } from './dialog.js';
import { t } from './words.js';
import * as sim from './sim.js';

const LONG = 160; // characters: an error may show less
const PAUSE_MS = 1000; // between reads of the files, while the tab is shown

const { state } = sim;
const files = new Map(); // by name: { file, disk: its text on disk when shown, text: the editor's text, theirs: a conflicting new text on disk, or null }
let shown = null;        // the name of the file in the editor
let line = null;         // the marked line
let note = '';
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

function make() {
  const editor = h('textarea', {
    id: 'editor', spellcheck: false, wrap: 'off',
    oninput: () => { files.get(shown).text = editor.value; update(); },
    onscroll: () => { parts.gutter.scrollTop = editor.scrollTop; },
  });
  const choice = h('select', { onchange: () => { choose_file(choice.value); update(); } });
  const made = {
    editor, choice, gutter: h('div', { id: 'gutter', 'aria-hidden': 'true' }), note: h('p', { id: 'note', role: 'status' }),
    save: h('button', { class: 'main', onclick: save }), warning: h('p', { role: 'alert' }),
    theirs: h('textarea', { id: 'theirs', readOnly: true, wrap: 'off' }),
    mine: h('button', { onclick: keep_mine }), other: h('button', { onclick: take_theirs }),
  };
  made.both = h('div', { class: 'both' }, made.warning, h('div', { class: 'row' }, made.mine, made.other), made.theirs);
  made.root = h('div', { class: 'script' }, h('div', { class: 'row' }, choice, made.save), made.note, made.both,
    h('div', { class: 'edit' }, made.gutter, editor));
  return made;
}

function put_text(area, text) {
  if (area.value === text) return;
  const { selectionStart, selectionEnd, scrollTop } = area;
  area.value = text;
  area.setSelectionRange(Math.min(selectionStart, text.length), Math.min(selectionEnd, text.length));
  area.scrollTop = scrollTop;
}

function update_choice() {
  const names = [...files.values()].map((one) => (is_changed(one) ? `${one.file} *` : one.file));
  if (parts.choice.dataset.names !== names.join('\n')) {
    parts.choice.dataset.names = names.join('\n');
    fill(parts.choice, [...files.keys()].map((file, i) => h('option', { value: file }, names[i])));
  }
  if (parts.choice.value !== shown) parts.choice.value = shown;
}

// Returns the line to mark in the current file: the error of the last load, or the requested line.
function marked_line() {
  const found = /([^\s:'"]+\.lua):(\d+):/.exec(state.bot.error || '');
  return found && (shown.endsWith(found[1]) || found[1].endsWith(shown)) ? Number(found[2]) : line;
}

function mark() {
  const { editor, gutter } = parts;
  const number = marked_line();
  const count = editor.value.split('\n').length;
  if (gutter.dataset.drawn !== `${count} ${number}`) {
    gutter.dataset.drawn = `${count} ${number}`;
    fill(gutter, Array.from({ length: count }, (_, i) => h('span', { class: i + 1 === number ? 'marked' : null }, i + 1)));
  }
  const place = `${shown} ${number}`;
  if (number && gutter.dataset.place !== place) editor.scrollTop = Math.max(0, (number - 6) * editor.scrollHeight / count);
  gutter.dataset.place = place;
  gutter.scrollTop = editor.scrollTop;
}

function update() {
  const one = files.get(shown);
  if (!one) return;
  const { error } = state.bot;
  set(parts.editor, { 'aria-label': t('editor') });
  set(parts.choice, { 'aria-label': t('tab_script') });
  set(parts.theirs, { 'aria-label': t('on_disk') });
  fill(parts.save, t('save'));
  parts.both.hidden = one.theirs === null;
  if (one.theirs !== null) {
    fill(parts.warning, t('both_changed'));
    fill(parts.mine, t('keep_mine'));
    fill(parts.other, t('take_theirs'));
    put_text(parts.theirs, as_shown(one.theirs));
  }
  update_choice();
  put_text(parts.editor, one.text);
  const words = error ? h('span', { class: 'fault' }, t('not_reloaded', error)) : is_changed(one) ? h('span', { class: 'open' }, t('unsaved')) : note;
  if (parts.note.textContent !== (words.textContent ?? words)) fill(parts.note, words);
  mark();
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
