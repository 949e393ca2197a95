// The page put together: language, light, sides, keys.

import { h, fill } from './dom.js';
import { show_page, tell_error } from './dialog.js';
import { t, choose, choose_first, language } from './words.js';
import * as sim from './sim.js';
import * as phone from './phone.js';
import * as desk from './desk.js';

const at = (id) => document.getElementById(id);
const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* private windows */ } };
const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
let side = 'phone';
let connected = true;

// ---- the bar ----

function bot_words() {
  if (!connected) return t('lost');
  const { bot, account } = sim.state;
  if (bot.script) return bot.ok === false ? t('broken') : t('serving', bot.script.replace(/^.*\//, ''));
  return account.callback ? t('elsewhere', account.callback) : t('nowhere');
}

function draw_bar() {
  at('bot').className = `state ${!connected || sim.state.bot.ok === false && sim.state.bot.script ? 'bad' : 'good'}`;
  fill(at('bot'), bot_words());
  fill(at('language'), t('language'));
  at('theme').title = t('theme');
  at('theme').setAttribute('aria-label', t('theme'));
  fill(at('theme'), '◐');
  at('help').title = t('help');
  at('help').setAttribute('aria-label', t('help'));
}

function draw_sides() {
  document.body.dataset.side = side;
  fill(at('sides'), ['phone', 'desk'].map((name) => h('button', {
    type: 'button', role: 'tab', 'aria-selected': String(side === name), onclick: () => { side = name; draw_sides(); },
  }, t(name))));
}

function set_theme(theme) {
  document.documentElement.dataset.theme = theme;
  keep('theme', theme);
}

function is_dark() {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
}

function draw() {
  draw_bar();
  draw_sides();
  phone.draw();
  desk.draw();
}

// ---- keys ----

const keys = [
  ['/', 'k_slash', () => phone.show_foot('keyboard')],
  ['+', 'k_plus', phone.toggle_more],
  ['m', 'k_menu', () => phone.show_foot('menu')],
  ['u', 'k_user', phone.next_user],
];

function show_keys() {
  const rows = [...keys, ['1 … 5', 'k_tabs'], ['Ctrl+S', 'k_save'], ['Esc', 'k_esc']];
  show_page(t('keys_title'), h('dl', { class: 'keys-list' }, rows.map(([key, words]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, t(words))])));
}

document.addEventListener('keydown', (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === 's') {
    event.preventDefault();
    return desk.save();
  }
  if (event.key === 'Escape' && phone.lower()) return undefined;
  if (event.ctrlKey || event.metaKey || event.altKey || at('dialog').open) return undefined;
  if (event.target.closest('input, textarea, select')) return undefined;
  if (event.key === '?') return show_keys();
  if (event.key >= '1' && event.key <= '5') return desk.choose(Number(event.key) - 1);
  const key = keys.find(([name]) => name === event.key);
  if (!key) return undefined;
  event.preventDefault();
  return key[2]();
});

at('language').addEventListener('click', () => {
  choose(language() === 'en' ? 'zh-CN' : 'en');
  draw();
});
at('theme').addEventListener('click', () => set_theme(is_dark() ? 'light' : 'dark'));
at('help').addEventListener('click', show_keys);

sim.listen((event) => {
  if (event === 'lost' || event === 'open') connected = event === 'open';
  draw_bar();
});

choose_first();
if (kept('theme')) document.documentElement.dataset.theme = kept('theme');
draw_bar();
draw_sides();
sim.start().catch((error) => tell_error(error.message));
