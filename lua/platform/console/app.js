// The console page: language, colour theme, panels, keyboard shortcuts.

import { h, at, fill, set, sync, draw_anew, arrow_keys } from './dom.js';
import { show_page, tell_error } from './dialog.js';
import { t, choose, choose_first, language } from './words.js';
import { change_theme } from './choices.js';
import * as sim from './sim.js';
import * as phone from './phone.js';
import * as desk from './desk.js';
import * as script from './script.js';

let side = 'phone';
let connected = true;

// ---- title bar ----

function bot_words() {
  if (!connected) return t('lost');
  const { bot, account } = sim.state;
  if (bot.script && bot.ok === false) return t('broken');
  if (bot.failure) return t('failing', bot.failure.text.split('\n')[0]);
  if (bot.script) return t('serving', bot.script.replace(/^.*\//, ''));
  if (bot.unverified) return t('unverified', bot.unverified);
  return account.callback ? t('elsewhere', account.callback) : t('nowhere');
}

function draw_bar() {
  const { bot } = sim.state;
  const is_bad = !connected || bot.failure || bot.unverified || bot.ok === false && bot.script;
  at('bot').className = `state ${is_bad ? 'bad' : 'good'}`;
  set(at('bot'), { tabindex: is_bad ? 0 : null }); // on a narrow screen a long error scrolls
  if (at('bot').textContent !== bot_words()) fill(at('bot'), bot_words());
  at('bot').title = bot.failure?.text || bot.unverified || bot.error || '';
  fill(at('language'), t('language'));
  for (const id of ['theme', 'help']) set(at(id), { title: t(id), 'aria-label': t(id) });
}

function draw_sides() {
  document.body.dataset.side = side;
  sync(at('sides'), ['phone', 'desk'].map((name) => ({ key: name, version: '', make: () => h('button', {
    role: 'tab', onclick: () => show_side(name),
  }, t(name)) })));
  for (const button of at('sides').children) set(button, { 'aria-selected': String(button.textContent === t(side)) });
}

// On a narrow screen one side is shown at a time.
function show_side(name) {
  side = name;
  draw_sides();
}

function show_tab(i) {
  show_side('desk');
  desk.choose(i);
}

function draw() {
  draw_bar();
  draw_sides();
  phone.draw();
  desk.draw();
}

// ---- keyboard shortcuts ----

const keys = [
  ['/', 'k_slash', () => phone.show_foot('keyboard')],
  ['+', 'k_plus', phone.toggle_more],
  ['m', 'k_menu', () => phone.show_foot('menu')],
  ['u', 'k_user', phone.next_user],
];

function show_keys() {
  const rows = [...keys, [`1 … ${desk.names.length}`, 'k_tabs'], ['Ctrl+S', 'k_save'], ['Esc', 'k_esc']];
  show_page(t('keys_title'), h('dl', { class: 'keys-list' }, rows.map(([key, words]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, t(words))])));
}

document.addEventListener('keydown', (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === 's') {
    event.preventDefault();
    return script.save();
  }
  if (event.key === 'Escape' && !at('dialog').open) {
    if (!phone.lower()) event.target.blur(); // leaves the focused input
    return undefined;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || at('dialog').open || event.target.closest('input, textarea, select')) return undefined;
  if (event.key === '?') return show_keys();
  if (event.key >= '1' && event.key <= String(desk.names.length)) {
    return show_tab(Number(event.key) - 1);
  }
  const key = keys.find(([name]) => name === event.key);
  if (!key) return undefined;
  event.preventDefault();
  show_side('phone');
  return key[2]();
});

at('language').addEventListener('click', () => {
  choose(language() === 'en' ? 'zh-CN' : 'en');
  draw_anew();
  draw();
});
at('theme').addEventListener('click', change_theme);
at('help').addEventListener('click', show_keys);

sim.listen((event) => {
  if (event === 'lost' || event === 'open') connected = event === 'open';
  draw_bar();
});

script.on_open(() => show_tab(desk.names.indexOf('script')));

arrow_keys(at('sides'), (button) => button.click());
choose_first();
draw_bar();
draw_sides();
sim.start().catch(tell_error);
