// The client of the simulated platform's control API: its state, requests and events.

export const state = { account: {}, users: [], menus: {}, chats: {}, trace: [], faults: {}, bot: {}, log: [], calls: [], event: 0 };

const listeners = [];

// Registers fn(event, data), called after an event has been applied to the state.
export function listen(fn) { listeners.push(fn); }

function tell(event, data) {
  for (const fn of listeners) fn(event, data);
}

async function ask(method, path, body) {
  const answer = await fetch(path, {
    method, headers: body ? { 'Content-Type': 'application/json' } : {}, body: body ? JSON.stringify(body) : undefined,
  });
  const value = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(value.error || answer.statusText), { status: answer.status, answer: value });
  return value;
}

export const act = (fields) => ask('POST', '/sim/act', fields);
export const switch_faults = (faults) => ask('POST', '/sim/faults', faults);
export const revoke_token = () => ask('POST', '/sim/token', { revoke: true });
export const reset = () => ask('POST', '/sim/reset', {});
export const move_time = (seconds) => ask('POST', '/sim/time', { forward: seconds });
export const read_forms = () => ask('GET', '/sim/events/forms');
// What the bot keeps of a user and of its script's keys (src/dev/user_state.h).
export const read_kept = (user, prefix) => ask('GET', `/sim/bot?user=${encodeURIComponent(user)}&prefix=${encodeURIComponent(prefix)}`);
export const change_kept = (act) => ask('POST', '/sim/bot', act);
export const read_quota = (user) => ask('GET', `/sim/quota?user=${encodeURIComponent(user)}`);
export const read_source = () => ask('GET', '/sim/source');
// `before`: the text that the file is expected to have. If it differs, nothing is saved and { text } is its current
// text.
export async function save_source(file, text, before) {
  try {
    return await ask('POST', '/sim/source', { file, text, before });
  } catch (error) {
    if (error.status === 409) return { text: error.answer.text };
    throw error;
  }
}

// Returns a function that does the work. Called while it is under way, it does it once more after that.
export function one_at_a_time(work) {
  let working = null;
  const start_work = () => {
    if (!working) return (working = work().finally(() => { working = null; }));
    return (working.again ||= working.catch(() => {}).then(start_work));
  };
  return start_work;
}

// Reads the new calls.
export const read_calls = one_at_a_time(async () => {
  const last = state.calls.at(-1)?.id ?? 0;
  const more = await ask('GET', `/sim/calls?after=${last}`);
  for (const call of more) put(state.calls, call);
  state.calls.splice(0, state.calls.length - 500);
});

// Replaces the item with the same id or appends a new one; new items have greater ids.
function put(list, item) {
  if (!list.length || item.id > list.at(-1).id) return void list.push(item);
  const at = list.findIndex((one) => one.id === item.id);
  if (at >= 0) list[at] = item;
  else list.push(item);
}

const take = {
  entry({ openid, entry }) { put(state.chats[openid] ||= [], entry); },
  trace(item) {
    put(state.trace, item);
    state.trace.splice(0, state.trace.length - 200);
  },
  user(user) {
    const at = state.users.findIndex((one) => one.openid === user.openid);
    if (at >= 0) state.users[at] = user;
    else state.users.push(user);
  },
  faults(faults) { state.faults = faults; },
  log(line) {
    state.log.push(line);
    state.log.splice(0, state.log.length - 500);
  },
  reload({ ok, error }) { Object.assign(state.bot, { ok, error, failure: ok ? null : state.bot.failure }); },
  verification({ why }) { state.bot.unverified = why; },
  time({ now }) { state.now = now; },
  failure(failure) { state.bot.failure = failure; },
};

// Changes a user; the state is updated at once, before the event arrives.
export async function change_user(fields) {
  const user = await ask('POST', '/sim/user', fields);
  take.user(user);
  return user;
}

let recent = []; // events: { id, event, data }

// Reads the whole state, then reapplies events that are newer than it.
async function read_state() {
  const now = await ask('GET', '/sim/state');
  const { log, calls } = state;
  Object.assign(state, now, { log, calls });
  recent = recent.filter((one) => one.id > state.event);
  for (const { event, data } of recent) if (event !== 'log') take[event](data);
}

export async function start() {
  await read_state();
  tell('all');
  const source = new EventSource(`/sim/events?after=${state.event}`);
  for (const event of ['entry', 'trace', 'user', 'faults', 'log', 'failure', 'reload', 'verification', 'time']) {
    source.addEventListener(event, (message) => {
      const data = JSON.parse(message.data);
      take[event](data);
      recent = [...recent.slice(-200), { id: Number(message.lastEventId), event, data }];
      tell(event, data);
    });
  }
  for (const event of ['reset', 'menu']) {
    source.addEventListener(event, async () => {
      if (event === 'reset') state.calls = [];
      await read_state();
      tell('all');
    });
  }
  source.addEventListener('open', () => tell('open'));
  source.addEventListener('error', () => tell('lost'));
}
