// The desk's login page: its texts, and the error of the last attempt.

import { t, choose, choose_first, language } from './words.js';
import './live_words.js';

const at = (id) => document.getElementById(id);
const faults = { wrong: 'login_wrong', wait: 'login_wait' };

function draw() {
  at('title').textContent = t('login_title');
  at('label').textContent = t('login_label');
  at('enter').textContent = t('login_enter');
  at('language').textContent = t('language');
  const { fault } = at('login').dataset;
  at('fault').textContent = fault ? t(faults[fault]) : '';
  at('password').toggleAttribute('aria-invalid', Boolean(fault));
}

at('language').addEventListener('click', () => {
  choose(language() === 'en' ? 'zh-CN' : 'en');
  draw();
});

choose_first();
draw();
