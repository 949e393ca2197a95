// The parts of a desk's rows, shared by the console and the live desk.

import { h, fill, sync } from './dom.js';
import { t } from './words.js';

const open = new Set(); // keys of the unfolded rows

// The time of day; the date too where it is not today's.
export function clock(seconds, more = { second: '2-digit' }) {
  const date = new Date(seconds * 1000);
  const day = date.toDateString() === new Date().toDateString() ? {} : { month: '2-digit', day: '2-digit' };
  return date.toLocaleString([], { ...day, hour: '2-digit', minute: '2-digit', ...more, hourCycle: 'h23' });
}

// Creates a foldable row; it stays unfolded across updates while its key is in `open`.
export function fold(key, summary, make) {
  const remember = (is_open) => { if (is_open) open.add(key); else open.delete(key); };
  const body = h('div', { class: 'body' });
  const show = () => {
    remember(details.open);
    if (details.open && !body.firstChild) fill(body, make());
  };
  // At the click: until the toggle event, which comes later, the row may be drawn anew.
  const details = h('details', { open: open.has(key), 'data-key': key, ontoggle: show }, h('summary', { onclick: () => remember(!details.open) }, summary), body);
  show();
  return details;
}

// Up to three days in hours: 47 h are no day.
export function duration(s) {
  if (s < 0) return t('never');
  if (s >= 3 * 86400) return t('days', Math.floor(s / 86400));
  if (s >= 3600) return t('hours', Math.floor(s / 3600));
  return s >= 60 ? t('minutes', Math.floor(s / 60)) : t('seconds', Math.max(0, Math.floor(s)));
}

// ---- texts ----

// Returns the text, key or address in a message's XML.
export const content_of = (document) => /<(?:Content|EventKey|Recognition|Url)>(?:<!\[CDATA\[)?([^]*?)(?:\]\]>)?<\//.exec(document || '')?.[1] || '';

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

// JSON with a line a member. Its numbers stay as they were written: some have more digits than JavaScript's.
function pretty_json(text) {
  JSON.parse(text);
  let depth = 0;
  let out = '';
  const line = () => `\n${'  '.repeat(depth)}`;
  for (const [part] of text.matchAll(/"(?:[^"\\]|\\.)*"|\{\s*\}|\[\s*\]|[{}[\]:,]|[^\s{}[\]:,"]+/g)) {
    if (part === '}' || part === ']') depth -= 1, out += line() + part;
    else if (part === '{' || part === '[') depth += 1, out += part + line();
    else if (part === ',') out += part + line();
    else out += part === ':' ? ': ' : part;
  }
  return out;
}

function pretty(text) {
  if (text === null || text === undefined) return '';
  if (typeof text === 'object') return JSON.stringify(text, null, 2);
  if (/^\s*</.test(text)) return pretty_xml(text);
  try {
    return pretty_json(text);
  } catch {
    return text;
  }
}

export const code = (text) => h('pre', {}, pretty(text));

export function table(fields) {
  return h('dl', { class: 'fields' }, Object.entries(fields || {}).map(([name, value]) => [
    h('dt', {}, name), h('dd', {}, typeof value === 'object' ? JSON.stringify(value) : value)]));
}

// ---- lists ----

export const newest_first = (list, make) => list.slice(-100).reverse().map(make);
export const or_empty = (panel, rows, key) => sync(panel, rows.length ? rows : [{ key, version: '', make: () => h('p', { class: 'empty' }, t(key)) }]);
