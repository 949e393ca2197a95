// Dialogs: questions to the user, and error messages.

import { h, at, fill } from './dom.js';
import { t, said } from './words.js';

const dialog = at('dialog');

function control(field) {
  if (field.type === 'lines') {
    const area = h('textarea', { name: field.name, rows: field.rows || 4, spellcheck: false });
    area.value = field.value || '';
    return area;
  }
  if (field.type === 'choice') return h('select', { name: field.name }, field.choices.map((one) => h('option', {}, one)));
  const input = h('input', { name: field.name, type: field.type || 'text', required: field.needed || false, step: field.type === 'number' ? 'any' : null });
  if (field.value !== undefined) input.value = field.value;
  return input;
}

const value_of = (field, input) => {
  if (field.type === 'file') return input.files[0];
  if (field.type === 'checkbox') return input.checked;
  return field.type === 'number' ? Number(input.value) : input.value;
};

function show(children) {
  fill(dialog, children);
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener('close', () => resolve(dialog.returnValue), { once: true }));
}

// Asks for `fields`: [{ name, label, type, value, needed }]. Returns the values by name; null if cancelled.
export async function ask(title, fields) {
  const inputs = fields.map(control);
  dialog.returnValue = '';
  const answer = await show(h('form', { method: 'dialog' }, h('h2', {}, title),
    fields.map((field, i) => h('label', {}, h('span', {}, field.label), inputs[i])),
    h('div', { class: 'row' },
      h('button', { onclick: () => dialog.close('') }, t('cancel')),
      h('button', { type: 'submit', value: 'ok', class: 'main' }, t('ok')))));
  if (answer !== 'ok') return null;
  return Object.fromEntries(fields.map((field, i) => [field.name, value_of(field, inputs[i])]));
}

export function show_page(title, ...children) {
  return show(h('form', { method: 'dialog' }, h('h2', {}, title), children,
    h('div', { class: 'row' }, h('button', { type: 'submit', class: 'main' }, t('close')))));
}

// `why`: a text, or an Error.
export function tell_error(why) {
  const note = h('p', { class: 'toast', role: 'alert' }, said(why.message ?? why));
  (dialog.open ? dialog : document.body).append(note);
  setTimeout(() => note.remove(), 6000);
}
