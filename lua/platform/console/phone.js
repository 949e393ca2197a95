// The phone: its user, the chat, the account's menu, and acts to send.

import { h, at, fill, icon, icons, set, sync, arrow_keys } from './dom.js';
import { ask, tell_error } from './dialog.js';
import { clock } from './rows.js';
import { t } from './words.js';
import { place_button } from './script.js';
import * as sim from './sim.js';

const { state } = sim;
const seen = {};       // by openid: the id of the last entry seen
let user = null;       // openid
let foot = 'keyboard'; // or 'menu'
let raised = null;     // the menu button with an open sub-menu, or 'more'
let typing = {};       // by openid: bool

export const user_of = (openid) => state.users.find((one) => one.openid === openid) || { openid, nickname: openid };
const chat_of = (openid) => state.chats[openid] || [];

export function current_user() { return user; }

let on_choice = () => {};

// fn is called when another user is chosen.
export function on_user(fn) { on_choice = fn; }

// Returns true; undefined if the act is refused, which is said.
async function act(fields) {
  at_end = true;
  return sim.act({ user, ...fields }).then(() => true, tell_error);
}

// ---- entries ----

// A text that the user sends by a click.
const choice = (content, id, words = content) => h('button', { class: 'choice',
  onclick: () => act({ act: 'say', content, bizmsgmenuid: id }) }, words);

// Returns what an <a> of a bot's text is on the platform: a page, a text to send, a Mini Program; else its source.
function link_of(source, attributes, words) {
  const href = /\bhref="([^"]*)"/.exec(attributes)?.[1] || '';
  const menu = href.startsWith('weixin://bizmsgmenu?') && new URLSearchParams(href.split('?')[1]);
  if (menu && menu.get('msgmenucontent')) return choice(menu.get('msgmenucontent'), menu.get('msgmenuid') || undefined, words);
  return /^https?:/.test(href) || attributes.includes('data-miniprogram-appid=') ? out(href, words) : source;
}

// Turns URLs in a text into links, and a bot's own links.
function linked(text) {
  const parts = [];
  const pattern = /<a(\s[^>]*)>([^<]*)<\/a>|https?:\/\/[^\s<>"，。）]+/g;
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    const [source, attributes, words] = match;
    parts.push(text.slice(from, match.index), attributes ? link_of(source, attributes, words) : out(source, source));
    from = match.index + source.length;
  }
  return [...parts, text.slice(from)];
}

function out(url, ...children) {
  if (!/^https?:\/\//i.test(url || '')) return h('span', { class: 'out' }, children);
  return h('a', { class: 'out', href: url, target: '_blank', rel: 'noopener noreferrer' }, children);
}

function picture(url, words) {
  const none = () => h('span', { class: 'no-picture' }, icon(icons.picture));
  if (!url || !/^(https?:|\/)/.test(url)) return none();
  return h('img', { src: local(url), alt: words, loading: 'lazy', onerror: (event) => event.target.replaceWith(none()) });
}

// Loads this platform's media from the page's own origin, regardless of the host name in their URL.
function local(url) {
  const match = /^https?:\/\/[^/]+(\/sim\/media\/.*)$/.exec(url);
  return match ? match[1] : url;
}

const card = (...children) => h('div', { class: 'card' }, children);

const bodies = {
  text: (e) => h('div', { class: 'bubble text' }, linked(e.content || '')),
  image: (e) => h('div', { class: 'bubble picture' }, picture(e.url, t('image'))),
  voice: (e) => h('div', { class: 'bubble voice' }, icon(icons.voice), h('span', {}, t('voice')),
    e.recognition && h('em', {}, e.recognition)),
  video: (e) => h('div', { class: 'bubble video' }, h('span', { class: 'screen' }, icon(icons.play)),
    h('b', {}, e.title || t('video')), e.description && h('p', {}, e.description)),
  location: (e) => h('div', { class: 'bubble place' }, h('span', { class: 'map' }, icon(icons.place)),
    h('b', {}, e.label || t('location')), h('small', {}, `${e.latitude}, ${e.longitude}`)),
  link: (e) => out(e.url, card(h('b', {}, e.title), h('p', {}, e.description || ''), h('small', {}, e.url))),
  music: (e) => out(e.url || e.hq_url, card(h('span', { class: 'disc' }, icon(icons.play)), h('b', {}, e.title || e.url), h('p', {}, e.description || ''))),
  news: (e) => h('div', { class: 'news' }, (e.articles || []).map((a, i) => out(a.url, h('div', { class: i ? 'item' : 'head' },
    (i === 0 || a.picurl) && picture(a.picurl, ''), h('b', {}, a.title || ''), i === 0 && e.articles.length === 1 && a.description && h('p', {}, a.description))))),
  template: (e) => out(e.url, card(h('b', {}, e.title || 'Template'), h('dl', {}, (e.fields || []).map((f) => [
    h('dt', {}, f.name), colored(h('dd', {}, f.value), f.color)])))),
  miniprogram: (e) => card(h('small', {}, t('miniprogram')), h('b', {}, e.title || e.appid || ''), e.thumb_url && picture(e.thumb_url, '')),
  msgmenu: (e) => h('div', { class: 'bubble text' }, e.head, h('ul', {}, (e.list || []).map((one) => h('li', {}, choice(one.content, one.id)))), e.tail),
};
bodies.shortvideo = bodies.video;
bodies.miniprogrampage = bodies.miniprogram;
bodies.mpnews = bodies.news;

function colored(element, color) {
  if (/^#[0-9a-f]{6}$/i.test(color || '')) element.style.color = color;
  return element;
}

const notes = {
  follow: (e) => t('e_follow', user_of(user).nickname) + (e.scene ? ` · ${t('scene')} ${e.scene}` : ''),
  unfollow: () => t('e_unfollow', user_of(user).nickname),
  scan: (e) => t('e_scan', e.scene),
  locate: (e) => t('e_locate', `${e.latitude}, ${e.longitude}`),
  tap: (e) => t('e_tap', e.title || e.key || e.path || ''),
  open_url: (e) => t('e_open_url', e.url),
};

function note_of(entry) {
  if (entry.kind === 'transfer') return t('transfer') + (entry.account ? ` (${entry.account})` : '');
  if (entry.kind === 'event') return (notes[entry.name] || ((e) => t('e_other', e.name)))(entry);
  return entry.content || entry.text || entry.kind;
}

function face(entry) {
  if (entry.from !== 'user') return h('img', { class: 'face', src: '/console/moon.svg', alt: '' });
  const owner = user_of(user);
  const disc = h('span', { class: 'face', 'aria-hidden': 'true' }, [...owner.nickname][0]);
  disc.style.background = owner.headcolor;
  return disc;
}

function row(entry) {
  const body = bodies[entry.kind];
  if (entry.kind === 'script_error') {
    return h('div', { class: 'note fault', role: 'alert', 'data-kind': entry.kind }, h('pre', {}, `${t('script_failed')}: ${entry.text}`), place_button(entry.text));
  }
  if (entry.from === 'system' || entry.kind === 'event' || !body) {
    return h('p', { class: entry.kind === 'notice' ? 'note fault' : 'note', 'data-kind': entry.kind }, note_of(entry));
  }
  const who = entry.from === 'user' ? user_of(user).nickname : state.account.name;
  return h('div', { class: `entry ${entry.from}`, 'data-kind': entry.kind, 'data-via': entry.via },
    face(entry), h('div', { class: 'said' }, h('span', { class: 'hidden' }, `${who}: `), body(entry)));
}

// Identifies the data other than the entry itself that the entry's drawing depends on.
const version_of = (entry, owner) => (entry.from === 'user' || entry.kind === 'event' ? owner : state.account.name);

function draw_chat() {
  const rows = [];
  let before = 0;
  const chat = chat_of(user);
  const owner = user_of(user).nickname;
  for (const entry of chat) {
    if (entry.kind === 'typing') continue;
    if (entry.time - before > 180) rows.push({ key: `at${entry.id}`, version: '', make: () => h('p', { class: 'note time' }, clock(entry.time, {})) });
    before = entry.time;
    rows.push({ key: `${user} ${entry.id}`, version: version_of(entry, owner), make: () => row(entry) });
  }
  sync(at('chat'), rows.length ? rows : [{ key: 'empty', version: '', make: () => h('p', { class: 'note empty' }, t('empty_chat')) }]);
  const last = chat.at(-1);
  show_end();
  seen[user] = last ? last.id : 0;
}

// Keeps the newest entry in view when the chat or its content changes height, unless the user scrolled up.
let at_end = true;

function show_end() {
  if (at_end) at('chat').scrollTop = at('chat').scrollHeight;
}

function follow_end() {
  const chat = at('chat');
  let top = 0;
  let height = 0;
  chat.addEventListener('scroll', () => { // a shrinking chat also scrolls, without the user
    if (chat.scrollHeight - chat.scrollTop - chat.clientHeight < 40) at_end = true;
    else if (chat.scrollTop < top && chat.clientHeight === height) at_end = false;
    top = chat.scrollTop;
  }, { passive: true });
  chat.addEventListener('load', show_end, true);
  chat.addEventListener('error', show_end, true);
  new ResizeObserver(() => {
    height = chat.clientHeight;
    show_end();
  }).observe(chat);
}

follow_end();

// ---- users ----

function unread(openid) {
  return chat_of(openid).filter((entry) => entry.id > (seen[openid] || 0) && entry.from === 'account').length;
}

function person(one) {
  const disc = h('span', { class: 'face' }, [...one.nickname][0]);
  disc.style.background = one.headcolor;
  return h('button', { role: 'option', class: 'person', title: one.openid, onclick: () => choose_user(one.openid) },
    disc, h('span', {}, one.nickname), h('i', { class: 'count', hidden: true }));
}

function draw_people() {
  set(at('people'), { 'aria-label': t('people') });
  sync(at('people'), state.users.map((one) => ({ key: one.openid, version: `${one.nickname} ${one.headcolor}`, make: () => person(one) })));
  state.users.forEach((one, i) => {
    const element = at('people').children[i];
    const count = one.openid === user ? 0 : unread(one.openid);
    set(element, { class: one.subscribed ? 'person' : 'person away', 'aria-selected': String(one.openid === user) });
    set(element.lastChild, { hidden: count === 0 });
    if (element.lastChild.textContent !== String(count)) fill(element.lastChild, count);
  });
  sync(at('add'), [{ key: 'add', version: '', make: () => h('button', { class: 'person add', 'aria-label': t('add_user'), title: t('add_user'), onclick: add_user },
    h('span', { class: 'face' }, icon(icons.plus)), h('span', {}, t('add_user'))) }]);
}

async function add_user() {
  const fields = await ask(t('add_user'), [{ name: 'nickname', label: t('user_name'), needed: true }]);
  if (fields) await sim.change_user(fields).then(({ openid }) => choose_user(openid), tell_error);
}

export function choose_user(openid) {
  user = openid;
  raised = null;
  at_end = true;
  draw();
  on_choice();
}

export function next_user() {
  const place = state.users.findIndex((one) => one.openid === user);
  choose_user(state.users[(place + 1) % state.users.length].openid);
}

function draw_title() {
  const owner = user_of(user);
  fill(at('account'), state.account.name || '');
  fill(at('user'), typing[user] ? t('typing') : owner.subscribed === false ? `${owner.nickname} · ${t('not_following')}` : owner.nickname);
}

// ---- acts ----

const bytes_of = (file) => new Promise((resolve) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.replace(/^data:[^,]*,/, ''));
  reader.readAsDataURL(file);
});

async function with_file(fields) {
  const { file, ...rest } = fields;
  if (!file) return rest;
  return { ...rest, data: await bytes_of(file), filename: file.name, content_type: file.type };
}

const file = { name: 'file', type: 'file', label: 'choose_file' };
const place = [
  { name: 'latitude', type: 'number', value: 23.134521 }, { name: 'longitude', type: 'number', value: 113.358803 },
];
// [act, fields]; an act without fields is performed at once.
const sendable = [
  ['image', [file]], ['voice', [file, { name: 'recognition' }]], ['video', [file]], ['shortvideo', [file]],
  ['location', [...place, { name: 'label' }]],
  ['link', [{ name: 'title', needed: true }, { name: 'description' }, { name: 'url', needed: true, value: 'https://example.com/' }]],
  ['scan', [{ name: 'scene', needed: true }]],
  ['locate', [...place, { name: 'precision', type: 'number', value: 40 }]],
  ['follow', [{ name: 'scene' }]], ['unfollow', null],
  ['event', [{ name: 'name', needed: true }, { name: 'fields', type: 'lines' }]],
  ['forms', null], ['save_chat', null], ['play_chat', null],
];
const pictures = { image: 'picture', shortvideo: 'video', location: 'place', forms: 'event', save_chat: 'save', play_chat: 'play' };

// ---- event forms ----

// Converts { 'A.B': value } to { A: { B: value } }.
function nested(values) {
  const whole = {};
  for (const [path, value] of Object.entries(values)) {
    const names = path.split('.');
    let at = whole;
    for (const name of names.slice(0, -1)) at = at[name] ||= {};
    at[names.at(-1)] = value;
  }
  return whole;
}

async function send_form() {
  const forms = await sim.read_forms();
  const chosen = await ask(t('forms'), [{ name: 'name', label: t('event'), type: 'choice', choices: forms.map(([name]) => name) }]);
  if (!chosen) return;
  const [name, fields] = forms.find((one) => one[0] === chosen.name);
  const values = await ask(name, fields.map(([path, value]) => ({ name: path, label: path, value })));
  if (values) await act({ act: 'event', name, fields: nested(values) });
}

// ---- saving a chat to a file, one entry per line, and replaying it ----

let gone = 0; // files that the platform does not have

async function read_file(media_id) {
  const answer = await fetch(`/sim/media/${encodeURIComponent(media_id)}`);
  if (answer.ok) return answer.blob();
  return void (gone += 1);
}

function tell_gone() {
  if (gone) tell_error(t('no_file', gone));
  gone = 0;
}

// A line of the file. A user's files go with their bytes, because another platform does not have them.
async function line_of({ time, id, act: did, ...entry }) {
  const media_id = did?.media_id || entry.media_id;
  const file = did && media_id && await read_file(media_id);
  const picture = file && entry.thumb_url && await read_file(entry.thumb_url.split('/').pop());
  const act = file ? { ...await with_file({ file }), ...did, media_id, thumb: picture && await with_file({ file: picture }) } : did;
  return JSON.stringify({ t: time, ...entry, act });
}

async function save_chat() {
  const { nickname } = user_of(user);
  const lines = await Promise.all(chat_of(user).map(line_of));
  const link = h('a', { href: URL.createObjectURL(new Blob([`${lines.join('\n')}\n`], { type: 'application/jsonl' })), download: `${nickname}.jsonl` });
  link.click();
  URL.revokeObjectURL(link.href);
}

// The entries of a saved chat that a user did; none if the text is not a chat.
function acts_in(text) {
  try {
    return text.split('\n').filter((line) => line.trim()).map((line) => JSON.parse(line)).filter((entry) => entry.act?.act);
  } catch {
    return [];
  }
}

async function play_chat() {
  const whose = user;
  const given = await ask(t('play_chat'), [{ name: 'file', label: t('chat_file'), type: 'file', needed: true }, { name: 'pauses', label: t('with_pauses'), type: 'checkbox' }]);
  if (!given) return;
  const entries = acts_in(await given.file.text());
  if (!entries.length) throw new Error(t('no_chat', given.file.name));
  let before = entries[0].t;
  for (const entry of entries) {
    if (given.pauses) await new Promise((resolve) => setTimeout(resolve, Math.max(0, entry.t - before) * 1000));
    before = entry.t;
    if (entry.act.media_id && !entry.act.data) await read_file(entry.act.media_id);
    await sim.act({ ...entry.act, user: whose });
  }
}

const local_acts = { forms: send_form, save_chat, play_chat };

async function send(name, fields) {
  raised = null;
  if (local_acts[name]) {
    draw_foot();
    return local_acts[name]().catch(tell_error).finally(tell_gone);
  }
  let given = {};
  if (fields) {
    given = await ask(t(name), fields.map((one) => ({ ...one, label: t(one.label || one.name) })));
    if (!given) return draw_foot();
  }
  for (const key of Object.keys(given)) if (given[key] === '') delete given[key];
  if (name === 'event') {
    given.fields = Object.fromEntries((given.fields || '').split('\n').filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')).trim(), line.slice(line.indexOf('=') + 1)]));
  }
  draw_foot();
  return act({ act: name, ...(await with_file(given)) });
}

// Offers unfollow to a follower and follow to others.
const offered = () => sendable.filter(([name]) => name !== (user_of(user).subscribed === false ? 'unfollow' : 'follow'));
const sheet_button = (name, fields) => h('button', { role: 'menuitem', 'data-act': name, onclick: () => send(name, fields) },
  icon(icons[pictures[name] || name]), h('span', {}, t(name)));

async function say(event) {
  event.preventDefault();
  const [whose, content] = [user, input.value];
  if (!content.trim()) return;
  input.value = '';
  input.focus();
  if (!await act({ act: 'say', content }) && user === whose) input.value ||= content;
}

async function paste(event) {
  const pasted = [...event.clipboardData.files].find((one) => one.type.startsWith('image/'));
  if (!pasted) return;
  event.preventDefault();
  act({ act: 'image', ...(await with_file({ file: pasted })) });
}

// Created once, so that typed text, caret, selection and an input method's composition survive updates.
const input = h('textarea', { id: 'input', rows: 1, onpaste: paste, onkeydown: (event) => { if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) say(event); } });
const send_button = h('button', { type: 'submit', class: 'send' });
const keyboard = h('form', { class: 'keys', onsubmit: say }, input, send_button);

// ---- menu ----

function buttons() {
  const menu = state.menus[user];
  return (menu && (menu.button || (menu.menu && menu.menu.button))) || [];
}

async function tap(button, path) {
  raised = null;
  draw_foot();
  await act({ act: 'tap', path });
  if (button.type === 'view' && /^https?:/.test(button.url)) window.open(button.url, '_blank', 'noopener');
}

function sub_menu(button, i) {
  return h('div', { class: 'sub', role: 'menu', hidden: true }, button.sub_button.map((one, j) => h('button', {
    role: 'menuitem', title: one.type, onclick: () => tap(one, `${i + 1}.${j + 1}`),
  }, one.name)));
}

function top_button(button, i) {
  const parent = button.sub_button && button.sub_button.length;
  return h('div', { class: 'top' }, parent && sub_menu(button, i), h('button', {
    title: button.type || '', 'aria-haspopup': parent ? 'menu' : null,
    onclick: () => {
      if (!parent) return tap(button, `${i + 1}`);
      raised = raised === i ? null : i;
      draw_foot();
      if (raised === i) menu_bar.querySelector('.sub:not([hidden]) button').focus();
      return undefined;
    },
  }, parent && icon(icons.menu), button.name));
}

// Hides a menu that had the focus: its button gets it.
function show(menu, shown, button) {
  if (!shown && menu.contains(document.activeElement)) button.focus();
  menu.hidden = !shown;
}

function draw_menu() {
  const list = buttons();
  sync(menu_bar, [{ key: 'menu', version: JSON.stringify(list), make: () => (list.length
    ? h('div', { class: 'menu' }, list.map(top_button)) : h('span', { class: 'none' }, t('no_menu'))) }]);
  menu_bar.querySelectorAll('.top').forEach((top, i) => {
    const sub = top.querySelector('.sub');
    if (!sub) return;
    show(sub, raised === i, top.lastChild);
    set(top.lastChild, { 'aria-expanded': String(raised === i) });
  });
}

const menu_bar = h('div', { class: 'menu-bar' });
const sheet = h('div', { class: 'sheet', role: 'menu' });
const toggle = h('button', { class: 'toggle', onclick: () => { show_foot(foot === 'keyboard' ? 'menu' : 'keyboard'); } });
const plus = h('button', { class: 'toggle', onclick: () => { toggle_more(); } }, icon(icons.plus));
at('foot').append(sheet, h('div', { class: 'line' }, toggle, keyboard, menu_bar, plus));

arrow_keys(at('people'));
arrow_keys(sheet);
arrow_keys(menu_bar);

function draw_foot() {
  const keys = foot === 'keyboard';
  sync(sheet, offered().map(([name, fields]) => ({ key: name, version: '', make: () => sheet_button(name, fields) })));
  show(sheet, raised === 'more', plus);
  keyboard.hidden = !keys;
  menu_bar.hidden = keys;
  draw_menu();
  const other = t(keys ? 'menu' : 'keyboard');
  set(toggle, { 'aria-label': other, title: other });
  sync(toggle, [{ key: String(keys), version: '', make: () => icon(keys ? icons.menu : icons.keyboard) }]);
  set(plus, { 'aria-label': t('more'), title: t('more'), 'aria-expanded': String(raised === 'more') });
  set(input, { 'aria-label': t('message'), placeholder: t('message') });
  fill(send_button, t('send'));
}

export function toggle_more() {
  raised = raised === 'more' ? null : 'more';
  draw_foot();
  if (raised) sheet.querySelector('button').focus();
}

export function show_foot(which) {
  foot = which;
  raised = null;
  draw_foot();
  if (which === 'menu') menu_bar.querySelector('button')?.focus();
  else input.focus();
}

export function lower() {
  if (raised === null) return false;
  raised = null;
  draw_foot();
  return true;
}

// ---- updates ----

function take_typing(openid, entry) {
  typing[openid] = entry.kind === 'typing' && entry.on !== false;
  if (openid === user) draw_title();
}

export function draw() {
  if (!state.users.some((one) => one.openid === user)) user = state.users.length ? state.users[0].openid : null;
  if (!seen.begun) {
    for (const one of state.users) seen[one.openid] = chat_of(one.openid).at(-1)?.id || 0;
    seen.begun = true;
    if (buttons().length) foot = 'menu';
  }
  draw_people();
  draw_title();
  draw_chat();
  draw_foot();
  set(at('chat'), { 'aria-label': t('chat') });
}

sim.listen((event, data) => {
  if (event === 'all') return draw();
  if (event === 'user') {
    draw_people();
    draw_title();
    if (data.openid === user) draw_foot();
  }
  if (event === 'entry') {
    take_typing(data.openid, data.entry);
    if (data.openid === user) draw_chat();
    else draw_people();
  }
});
