// The phone: whose it is, the chat, the account's menu, what can be sent.

import { h, fill, icon, icons } from './dom.js';
import { ask, tell_error } from './dialog.js';
import { t } from './words.js';
import * as sim from './sim.js';

const { state } = sim;
const at = (id) => document.getElementById(id);
const seen = {};       // by openid: the id of the last entry that was looked at
let user = null;       // openid
let foot = 'keyboard'; // or 'menu'
let raised = null;     // the menu button whose sub-menu is up, or 'more'
let draft = '';
let typing = {};       // by openid

const user_of = (openid) => state.users.find((one) => one.openid === openid) || { openid, nickname: openid };
const chat_of = (openid) => state.chats[openid] || [];

export function current_user() { return user; }

async function act(fields) {
  try {
    await sim.act({ user, ...fields });
  } catch (error) {
    tell_error(error.message);
  }
}

// ---- entries ----

const time_of = (seconds) => new Date(seconds * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

// Addresses in a text can be opened; a bot's own <a href> is shown as the platform shows it: as a link.
function linked(text) {
  const parts = [];
  const pattern = /<a\s+href="(https?:\/\/[^"]*)"[^>]*>([^<]*)<\/a>|(https?:\/\/[^\s<>"，。）]+)/g;
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    parts.push(text.slice(from, match.index), out(match[1] || match[3], match[2] || match[3]));
    from = match.index + match[0].length;
  }
  return [...parts, text.slice(from)];
}

function out(url, ...children) {
  if (!/^https?:\/\//i.test(url || '')) return h('span', { class: 'out' }, children);
  return h('a', { class: 'out', href: url, target: '_blank', rel: 'noopener noreferrer' }, children);
}

function picture(url, words) {
  if (!url || !/^(https?:|\/)/.test(url)) return h('span', { class: 'no-picture' }, icon(icons.picture));
  const image = h('img', { src: local(url), alt: words, loading: 'lazy' });
  image.addEventListener('error', () => image.replaceWith(h('span', { class: 'no-picture' }, icon(icons.picture))));
  return image;
}

// Media of this platform come from where the page does, whatever name of this machine they were given.
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
  msgmenu: (e) => h('div', { class: 'bubble text' }, e.head, h('ul', {}, (e.list || []).map((choice) => h('li', {},
    h('button', { type: 'button', class: 'choice', onclick: () => act({ act: 'say', content: choice.content, bizmsgmenuid: choice.id }) }, choice.content)))), e.tail),
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
  if (entry.from === 'system' || entry.kind === 'event' || !body) {
    return h('p', { class: entry.kind === 'notice' ? 'note fault' : 'note', 'data-kind': entry.kind }, note_of(entry));
  }
  const who = entry.from === 'user' ? user_of(user).nickname : state.account.name;
  return h('div', { class: `entry ${entry.from}`, 'data-kind': entry.kind, 'data-via': entry.via },
    face(entry), h('div', { class: 'said' }, h('span', { class: 'hidden' }, `${who}: `), body(entry)));
}

function draw_chat() {
  const rows = [];
  let before = 0;
  for (const entry of chat_of(user)) {
    if (entry.kind === 'typing') continue;
    if (entry.time - before > 180) rows.push(h('p', { class: 'note time' }, time_of(entry.time)));
    before = entry.time;
    rows.push(row(entry));
  }
  if (!rows.length) rows.push(h('p', { class: 'note empty' }, t('empty_chat')));
  fill(at('chat'), rows);
  at('chat').scrollTop = at('chat').scrollHeight;
  const last = chat_of(user).at(-1);
  seen[user] = last ? last.id : 0;
}

// ---- whose phone ----

function unread(openid) {
  return chat_of(openid).filter((entry) => entry.id > (seen[openid] || 0) && entry.from === 'account').length;
}

function draw_people() {
  const list = state.users.map((one) => {
    const count = one.openid === user ? 0 : unread(one.openid);
    const disc = h('span', { class: 'face' }, [...one.nickname][0]);
    disc.style.background = one.headcolor;
    return h('button', {
      type: 'button', role: 'option', class: one.subscribed ? 'person' : 'person away', 'aria-selected': String(one.openid === user),
      title: one.openid, onclick: () => choose_user(one.openid),
    }, disc, h('span', {}, one.nickname), count > 0 && h('i', { class: 'count' }, count));
  });
  list.push(h('button', { type: 'button', class: 'person add', 'aria-label': t('add_user'), title: t('add_user'), onclick: add_user },
    h('span', { class: 'face' }, icon(icons.plus)), h('span', {}, t('add_user'))));
  at('people').setAttribute('aria-label', t('people'));
  fill(at('people'), list);
}

async function add_user() {
  const fields = await ask(t('add_user'), [{ name: 'nickname', label: t('user_name'), needed: true }]);
  if (!fields) return;
  try {
    choose_user((await sim.change_user(fields)).openid);
  } catch (error) {
    tell_error(error.message);
  }
}

export function choose_user(openid) {
  user = openid;
  raised = null;
  draw();
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

// ---- what can be sent ----

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
// [act, its fields]; an act without fields is done at once.
const sendable = [
  ['image', [file]], ['voice', [file, { name: 'recognition' }]], ['video', [file]], ['shortvideo', [file]],
  ['location', [...place, { name: 'label' }]],
  ['link', [{ name: 'title', needed: true }, { name: 'description' }, { name: 'url', needed: true, value: 'https://example.com/' }]],
  ['scan', [{ name: 'scene', needed: true }]],
  ['locate', [...place, { name: 'precision', type: 'number', value: 40 }]],
  ['follow', [{ name: 'scene' }]], ['unfollow', null],
  ['event', [{ name: 'name', needed: true }, { name: 'fields', type: 'lines' }]],
];
const pictures = { image: 'picture', shortvideo: 'video', location: 'place' };

async function send(name, fields) {
  raised = null;
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
  await act({ act: name, ...(await with_file(given)) });
}

const more = () => h('div', { class: 'sheet', role: 'menu' }, sendable
  .filter(([name]) => (name === 'follow') !== (user_of(user).subscribed !== false) || !['follow', 'unfollow'].includes(name))
  .map(([name, fields]) => h('button', { type: 'button', role: 'menuitem', 'data-act': name, onclick: () => send(name, fields) },
    icon(icons[pictures[name] || name]), h('span', {}, t(name)))));

async function say(event) {
  event.preventDefault();
  const content = draft;
  if (!content.trim()) return;
  draft = '';
  draw_foot(true);
  await act({ act: 'say', content });
}

function keyboard() {
  const input = h('textarea', { id: 'input', rows: 1, 'aria-label': t('message'), placeholder: t('message'), oninput: () => { draft = input.value; } });
  input.value = draft;
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) say(event);
  });
  input.addEventListener('paste', async (event) => {
    const pasted = [...event.clipboardData.files].find((one) => one.type.startsWith('image/'));
    if (!pasted) return;
    event.preventDefault();
    act({ act: 'image', ...(await with_file({ file: pasted })) });
  });
  return h('form', { class: 'keys', onsubmit: say }, input,
    h('button', { type: 'submit', class: 'send' }, t('send')));
}

// ---- the menu ----

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
  return h('div', { class: 'sub', role: 'menu' }, button.sub_button.map((one, j) => h('button', {
    type: 'button', role: 'menuitem', title: one.type, onclick: () => tap(one, `${i + 1}.${j + 1}`),
  }, one.name)));
}

function menu_bar() {
  if (!buttons().length) return h('span', { class: 'none' }, t('no_menu'));
  return h('div', { class: 'menu' }, buttons().map((button, i) => {
    const parent = button.sub_button && button.sub_button.length;
    const up = raised === i;
    return h('div', { class: 'top' }, parent && up && sub_menu(button, i), h('button', {
      type: 'button', title: button.type || '', 'aria-haspopup': parent ? 'menu' : null, 'aria-expanded': parent ? String(up) : null,
      onclick: () => {
        if (!parent) return tap(button, `${i + 1}`);
        raised = up ? null : i;
        return draw_foot();
      },
    }, parent && icon(icons.menu), button.name));
  }));
}

function draw_foot(focus) {
  const keys = foot === 'keyboard';
  const before = at('input'); // who types goes on typing, whatever made this necessary
  const typing_at = before && document.activeElement === before ? before.selectionStart : -1;
  fill(at('foot'), raised === 'more' && more(), h('div', { class: 'line' },
    h('button', {
      type: 'button', class: 'toggle', 'aria-label': keys ? t('menu') : t('keyboard'), title: keys ? t('menu') : t('keyboard'),
      onclick: () => { show_foot(keys ? 'menu' : 'keyboard'); },
    }, icon(keys ? icons.menu : icons.keyboard)),
    keys ? keyboard() : menu_bar(),
    h('button', {
      type: 'button', class: 'toggle', 'aria-label': t('more'), title: t('more'), 'aria-expanded': String(raised === 'more'),
      onclick: toggle_more,
    }, icon(icons.plus))));
  if (!focus && typing_at < 0) return;
  at('input')?.focus();
  if (typing_at >= 0) at('input')?.setSelectionRange(typing_at, typing_at);
}

export function toggle_more() {
  raised = raised === 'more' ? null : 'more';
  draw_foot();
  if (raised) at('foot').querySelector('.sheet button').focus();
}

export function show_foot(which) {
  foot = which;
  raised = null;
  draw_foot(which === 'keyboard');
  if (which === 'menu') at('foot').querySelector('.menu button')?.focus();
}

export function lower() {
  if (raised === null) return false;
  raised = null;
  draw_foot();
  return true;
}

// ---- all of it ----

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
  at('chat').setAttribute('aria-label', t('message'));
}

sim.listen((event, data) => {
  if (event === 'all') return draw();
  if (event === 'user') {
    draw_people();
    draw_title();
    if (data.openid === user && raised === 'more') draw_foot();
  }
  if (event === 'entry') {
    take_typing(data.openid, data.entry);
    if (data.openid === user) draw_chat();
    else draw_people();
  }
});
