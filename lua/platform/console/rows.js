// The parts of a desk's rows, shared by the console and the live desk.

import { h, fill, sync } from './dom.js';
import { t } from './words.js';

const open = new Set(); // keys of the unfolded rows

export const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString([], { hour12: false });

// Creates a foldable row; it stays unfolded across updates while its key is in `open`.
export function fold(key, summary, make) {
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

// Formats XML with one element per line.
export function pretty_xml(text) {
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

export const code = (text) => h('pre', {}, pretty(text));
const empty = (key) => h('p', { class: 'empty' }, t(key));

export function table(fields) {
  return h('dl', { class: 'fields' }, Object.entries(fields || {}).map(([name, value]) => [
    h('dt', {}, name), h('dd', {}, typeof value === 'object' ? JSON.stringify(value) : value)]));
}

// ---- lists ----

export const newest_first = (list, make) => list.slice(-100).reverse().map(make);
export const or_empty = (panel, rows, key) => sync(panel, rows.length ? rows : [{ key, version: '', make: () => empty(key) }]);
