// What the user chose for the pages, kept by the browser; and the theme: the chosen one, else the system's.

export const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* private windows */ } };
export const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };

const { dataset } = document.documentElement;
const dark = matchMedia('(prefers-color-scheme: dark)');

function show_theme() { dataset.theme = kept('theme') || (dark.matches ? 'dark' : 'light'); }

export function change_theme() {
  dataset.theme = dataset.theme === 'dark' ? 'light' : 'dark';
  keep('theme', dataset.theme);
}

dark.addEventListener('change', show_theme);
show_theme();
