// At a terminal: what goes on beside the inputs, prints above the one that is being typed, and outlasts a Ctrl-C.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { until, writeFiles, tempDir } = require('./harness');
const { type, terminal, PATIENCE_MS } = require('./prompt');

async function enter(term, line, shown = /月 >$/) {
  term.keys('-l', line);
  term.keys('Enter');
  await term.shows(shown);
}

const whole = (term, pattern) =>
  until(() => pattern.exec(term.screen().replace(/\n/g, '')), `${pattern} on the screen:\n${term.screen()}`, PATIENCE_MS);

for (const width of [40, 80]) {
  test(`of ${width} columns: what a spawned function, a late script and its log print stands above what is being typed`, async (t) => {
    const home = tempDir(t);
    writeFiles(home, { 'config.lua': 'return { deadline_ms = 100 }', 'bot.lua': `function on_message(msg)
      repeat wechat.sleep(0.05) until io.open(wechat.path("two"))
      print("迟到的脚本", 2)
      wechat.log.error("a line of the log")
    end` });
    const term = terminal(t, { home, width, args: ['repl', 'bot.lua'] });
    await term.shows(/月 >/);
    await enter(term, '.say x', /\n\(no reply\)\n月 >$/);
    await enter(term, 'wechat.spawn(function() repeat wechat.sleep(0.05) until io.open("one") print("spawned", nil, 1) end);');
    const typed = `x = "一二三${'a'.repeat(50)}四五六"`;
    term.keys('-l', typed);
    await term.shows(/五六"$/);
    term.keys('Left', 'Left');
    writeFiles(home, { one: '' });
    await whole(term, new RegExp(`spawned +nil +1月 > ${typed}$`));
    writeFiles(home, { two: '' });
    await whole(term, new RegExp(`spawned +nil +1迟到的脚本 +2.*a line of the log.*月 > ${typed}$`));
    term.keys('-l', '!');
    await whole(term, new RegExp(`月 > ${typed.slice(0, -2)}!六"$`));
    assert.equal(term.screen().match(/spawned +nil/g).length, 1);
    term.keys('C-e', 'Enter');
    await enter(term, '#x', /#x\n69\n月 >$/);
  });
}

test('what a script writes with io.write stands above what is being typed, goes on where it stopped, and never in the line', async (t) => {
  const home = tempDir(t);
  writeFiles(home, { 'config.lua': 'return { deadline_ms = 100 }', 'bot.lua': `function on_message(msg)
    local function await(name) repeat wechat.sleep(0.05) until io.open(wechat.path(name)) end
    await("one") io.write("一", 2, " of ")
    await("two") io.stdout:write("three\\n10%\\r") io.stderr:write("20%")
    await("three") io.write("\\r30%\\n")
    await("four") io.write("open") print("ed") io.write("last") wechat.log.error("a line of the log")
  end` });
  const term = terminal(t, { home, width: 60, args: ['repl', 'bot.lua'] });
  await term.shows(/月 >/);
  await enter(term, '.say x', /\n\(no reply\)\n月 >$/);
  const typed = `x = "一二三${'a'.repeat(50)}"`;
  term.keys('-l', typed);
  const above = (text) => until(() => term.screen().replace(/\n/g, '').endsWith(`${text}月 > ${typed}`), `${text} above the input:\n${term.screen()}`, PATIENCE_MS);
  writeFiles(home, { one: '' });
  await above('一2 of'); // tmux leaves out the blank at the end of a row
  writeFiles(home, { two: '' });
  await above('一2 of three20%');
  writeFiles(home, { three: '' });
  await above('一2 of three30%');
  writeFiles(home, { four: '' });
  await whole(term, new RegExp(`30%openedlast· .*a line of the log月 > ${typed}$`));
  assert.match(term.screen(), /\n一2 of three\n30%\nopened\nlast\n· [^\n]*a line of the log\n月 > x = /);
  term.keys('C-u');
  term.keys('-l', 'io.write("no end")');
  term.keys('Enter');
  await term.shows(/io\.write\("no end"\)\nno end\nfile \(0x\w+\)\n月 >$/);
});

test('below a list of names what a script writes begins anew, and the open line above stays', async (t) => {
  const home = tempDir(t);
  const term = terminal(t, { home });
  await term.shows(/月 >/);
  term.keys('-l', 'wechat.spawn(function() for _, name in ipairs { "one", "two" } do repeat wechat.sleep(0.05) until io.open(name) io.write(name, " is open") end end) aaa1 = 1 aaa2 = 2');
  term.keys('Enter');
  await term.shows(/aaa2 = 2\n[^]*月 >$/);
  term.keys('-l', 'aaa');
  writeFiles(home, { one: '' });
  await term.shows(/\none is open\n月 > aaa$/);
  term.keys('Tab');
  await term.shows(/\none is open\n月 > aaa\naaa1 {2}aaa2\n月 > aaa$/);
  writeFiles(home, { two: '' });
  await term.shows(/\none is open\n月 > aaa\naaa1 {2}aaa2\ntwo is open\n月 > aaa$/);
});

test('in a pipe io.write, print and io.stderr stay as they are, byte for byte', async (t) => {
  const { out, err } = await type(t, ['io.write("a", 1, "\\n") print("b") io.stdout:write("c")', 'io.stderr:write("\\27[1me\\n")'].map((line) => `${line} return`));
  assert.equal(out, 'a1\nb\nc');
  assert.match(err, /\x1b\[1me\n/);
});

test('what an input prints while it runs is shown at once, before its value', async (t) => {
  const term = terminal(t);
  await term.shows(/月 >/);
  term.keys('-l', 'print("first") repeat wechat.sleep(0.05) until io.open("go") print("second")');
  term.keys('Enter');
  await term.shows(/\nfirst$/);
  writeFiles(term.home, { go: '' });
  await term.shows(/\nfirst\nsecond\n月 >$/);
});

// A function that says whether it is there: in a variable, and once it has begun by a file.
const SPAWNS = (name) => `wechat.spawn(function() local a <close> = setmetatable({}, { __close = function() ${name} = "ended" end }) ${name} = "there" io.open("${name}", "w"):close() wechat.sleep(600) end)`;

test('Ctrl-C ends an input and what it has spawned; a second one what earlier inputs have spawned', async (t) => {
  const term = terminal(t);
  await term.shows(/月 >/);
  await enter(term, `earlier = nil ${SPAWNS('earlier')}`);
  await enter(term, `${SPAWNS('own')} wechat.sleep(600)`, /600\)$/);
  // A function that has not begun is ended too, but cannot say so.
  await until(() => fs.existsSync(path.join(term.home, 'own')), 'the spawned function', PATIENCE_MS);
  term.keys('C-c');
  await term.shows(/interrupted\n月 >$/);
  await enter(term, 'repeat wechat.sleep(0.05) until own == "ended" wechat.sleep(0.2) return earlier', /\n"there"\n月 >$/);
  await new Promise((resolve) => { setTimeout(resolve, 1100); }); // it must not be a second one
  term.keys('C-c');
  await term.shows(/\^C\n月 >$/);
  assert.doesNotMatch(term.screen(), /second Ctrl-C/);
  await until(async () => { // on a busy machine two keys may be a second apart
    term.keys('C-c', 'C-c');
    await term.shows(/\^C\n[^\n]*月 >$|ended all[^\n]*\n月 >$/);
    return /the second Ctrl-C ended all that ran at this prompt\n/.test(term.screen());
  }, 'the end of all', PATIENCE_MS);
  await enter(term, 'earlier', /> earlier\n"ended"\n月 >$/);
});

test('Ctrl-C leaves a late script alone, and ends one that does not pause', async (t) => {
  const term = terminal(t, { args: ['repl', '--deadline-ms', '100'] });
  await term.shows(/月 >/);
  await enter(term, 'function on_message() repeat wechat.sleep(0.05) until io.open("go") return "late" end');
  await enter(term, '.say x', /\n\(no reply\)\n月 >$/);
  term.keys('-l', 'io.open("runs", "w"):close() while true do end');
  term.keys('Enter');
  await until(() => fs.existsSync(path.join(term.home, 'runs')), 'the input', PATIENCE_MS);
  term.keys('C-c');
  await term.shows(/interrupted\n月 >$/);
  writeFiles(term.home, { go: '' });
  await term.shows(/\n微月: late\n月 >$/);
});
