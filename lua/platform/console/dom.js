// Builds elements from data. Text is always inserted as text: a bot's text is never parsed as markup.

const SVG = 'http://www.w3.org/2000/svg';

export const at = (id) => document.getElementById(id);

// h('button', { class: 'x', onclick: fn, 'aria-label': '...' }, child, ...): creates an element. Children are
// elements, texts, or lists of these; null and false children and attributes are omitted. A button submits if it says
// so.
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  if (tag === 'button') element.type = tag;
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== 'string') element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

// Returns a function that has `draw` called before the next frame, once however often it is called until then.
export function once_a_frame(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
}

export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

let drawn = new WeakMap(); // by parent: its current rows
const stale = new Map();   // by parent: rows of which one, `pressed`, is still shown as before

// Every frame while one is pressed: a press may end as a click, a scroll or a drag, or in another window.
const draw_stale = once_a_frame(() => {
  const waiting = [...stale];
  stale.clear();
  for (const [parent, { rows, pressed }] of waiting) if (pressed.isConnected) sync(parent, rows);
});

// Makes the children of `parent` match `rows`: { key, version, make }. A child with an unchanged version is kept,
// with its focus, selection and scroll position; so is one that is pressed, until it is released: its click is still to
// come. Another is created again, and gets the focus if the previous one had it.
export function sync(parent, rows) {
  const before = drawn.get(parent) || new Map();
  const now = new Map();
  let focused = null;
  stale.delete(parent);
  for (const { key, version, make } of rows) {
    const old = before.get(key);
    const is_stale = old && old.version !== version;
    if (old && (!is_stale || old.element.matches(':active'))) {
      now.set(key, old);
      if (is_stale) {
        stale.set(parent, { rows, pressed: old.element });
        draw_stale();
      }
      continue;
    }
    now.set(key, { version, element: make() });
    if (old && old.element.contains(document.activeElement)) focused = now.get(key).element;
  }
  const wanted = new Set([...now.values()].map((one) => one.element));
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
  let at = parent.firstChild;
  for (const element of wanted) {
    if (element === at) at = at.nextSibling;
    else parent.insertBefore(element, at);
  }
  drawn.set(parent, now);
  focused?.querySelector('summary, button')?.focus();
}

// Forces every row to be created again, after a change of language.
export function draw_anew() { drawn = new WeakMap(); }

// Sets attributes of an existing element; null and false remove an attribute.
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) element.removeAttribute(name);
    else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value === true ? '' : value);
  }
  return element;
}

// Lets the arrow keys move between the buttons of `parent`, as its role promises; `chosen` gets the newly focused one.
export function arrow_keys(parent, chosen = () => {}) {
  parent.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const buttons = [...parent.querySelectorAll('button')].filter((one) => one.checkVisibility());
    const at = buttons.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    const next = buttons[(at + step + buttons.length) % buttons.length];
    next.focus();
    chosen(next);
  });
}

// Returns an icon of one SVG path, 24 by 24.
export function icon(path) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'icon');
  const shape = document.createElementNS(SVG, 'path');
  shape.setAttribute('d', path);
  svg.append(shape);
  return svg;
}

export const icons = {
  keyboard: 'M3 6h18v12H3zM6 9h2M10 9h2M14 9h2M6 12h2M10 12h2M14 12h2M8 15h8',
  menu: 'M4 7h16M4 12h16M4 17h16',
  plus: 'M12 5v14M5 12h14',
  picture: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15 9h1',
  voice: 'M12 4a2.5 2.5 0 0 1 2.5 2.5v5a2.5 2.5 0 0 1-5 0v-5A2.5 2.5 0 0 1 12 4zM6 11a6 6 0 0 0 12 0M12 17v3',
  video: 'M3 7h12v10H3zM15 11l6-3v8l-6-3',
  place: 'M12 21s-6-6-6-11a6 6 0 0 1 12 0c0 5-6 11-6 11zM12 12a2 2 0 1 0 0-4 2 2 0 0 0 0 4z',
  link: 'M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1',
  scan: 'M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M4 12h16',
  locate: 'M12 3v4M12 17v4M3 12h4M17 12h4M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8z',
  follow: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20c1-4 4-6 8-6M17 14v6M14 17h6',
  unfollow: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20c1-4 4-6 8-6M14 17h6',
  event: 'M13 3L5 14h6l-1 7 8-11h-6z',
  play: 'M8 5l11 7-11 7z',
  save: 'M12 4v11M7 10l5 5 5-5M5 20h14',
};
