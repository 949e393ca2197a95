// Pictures of console, desk, reference and prompt, from the running program: node tests/pictures/make.js  (after
// ./setup.sh test, which installs what it needs).
'use strict';

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { chromium } = require('../e2e/node_modules/playwright-core');
const { drawn, CHROMIUM, FLAGS } = require('../e2e/browser');

const BINARY = path.resolve(process.env.WEMOON || path.join(__dirname, '../../build/release/wemoon'));
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'wemoon-pictures-'));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const BOT = `local bot = require "wechat.bot"
bot.on("subscribe", "你好，我是微月。发「菜单」看看。")
bot.text("^菜单$", function()
  assert(wechat.create_menu { button = {
    { type = "click", name = "今日歌曲", key = "SONG" },
    { name = "菜单", sub_button = {
      { type = "view", name = "搜索", url = "https://example.com/" }, { type = "click", name = "赞一下我们", key = "LIKE" },
    } },
  } })
  return "菜单已经放好了"
end)
bot.click("SONG", function() return wechat.response_music("https://example.com/a.mp3", "月光", "德彪西") end)
bot.text("^天气%s*(.*)", function(msg, city)
  wechat.session().city = city
  wechat.store.incr("asked/" .. city)
  return city .. "：晴，今晚有新月"
end)
bot.text("^订阅$", function() return "好，每天八点：" .. wechat.ask("订阅哪个城市？").content end)
bot.text("^长文$", function()
  wechat.say("初一的月亮是看不见的。")
  wechat.sleep(1)
  return "初二、初三才有一弯新月。"
end)
bot.text("^坏了$", function(msg) return msg.nothing.here end)
on_message = bot.on_message
`;

async function console_picture(browser, locale, file) {
  fs.writeFileSync(path.join(dir, 'bot.lua'), BOT);
  const child = spawn(BINARY, ['dev', 'bot.lua', '--port', '0'], { cwd: dir });
  const url = await new Promise((resolve) => child.stdout.on('data', (text) => {
    const found = /(http:\S+)\/console/.exec(text);
    if (found) resolve(found[1]);
  }));
  const page = await (await browser.newContext({ viewport: { width: 1180, height: 720 }, locale })).newPage();
  await page.goto(`${url}/console`);
  await page.waitForSelector('#input');
  for (const [text, answer] of [['天气 杭州', '今晚有新月'], ['菜单', '菜单已经放好了']]) {
    await page.fill('#input', text);
    await page.press('#input', 'Enter');
    await page.waitForSelector(`#chat >> text=${answer}`);
  }
  await page.click('#foot .toggle >> nth=0');
  await page.click('.menu >> text=今日歌曲');
  await page.waitForSelector('#chat [data-kind=music]');
  await page.waitForSelector('#panel .outcome.replied >> nth=2');
  await page.click('.menu >> text=菜单');
  await page.click('#panel details >> nth=0 >> summary');
  await page.waitForSelector('#panel .body pre');
  await drawn(page);
  await page.screenshot({ path: path.join(__dirname, file) });
  await state_picture(page, file.replace('console', 'state'));
  child.kill();
}

// The State tab, with a conversation that waits and a key.
async function state_picture(page, file) {
  await page.click('#foot .toggle >> nth=0');
  await page.fill('#input', '订阅');
  await page.press('#input', 'Enter');
  await page.click('#tab-kept');
  await page.waitForSelector('[data-kept=conversations] button');
  await page.click('[data-kept=keys] summary >> nth=0');
  await page.waitForSelector('[data-kept=keys] .body pre');
  await page.setViewportSize({ width: 1180, height: 860 });
  await page.locator('#panel').evaluate((panel) => { panel.scrollTop = 0; });
  await drawn(page);
  await page.screenshot({ path: path.join(__dirname, file) });
}

const free_port = () => new Promise((resolve) => {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

// The live desk, with an error and a conversation.
async function desk_picture(browser, locale, file) {
  const [port, admin] = [await free_port(), await free_port()];
  fs.writeFileSync(path.join(dir, 'bot.lua'), BOT);
  fs.writeFileSync(path.join(dir, 'config.lua'), `return { token = "token", listen = "127.0.0.1:${port}", path = "/", admin_listen = "127.0.0.1:${admin}", admin_token = "a-password-for-the-desk", store = "memory:" }\n`);
  const child = spawn(BINARY, ['run', 'bot.lua'], { cwd: dir, stdio: 'ignore' });
  const page = await (await browser.newContext({ viewport: { width: 1180, height: 520 }, locale })).newPage();
  for (let tries = 0; tries < 50 && !await page.goto(`http://127.0.0.1:${admin}/desk`).catch(() => null); tries++) await sleep(100);
  const stream = page.waitForResponse((answer) => answer.url().endsWith('/desk/events') && answer.status() === 200);
  await page.fill('[name=password]', 'a-password-for-the-desk');
  await page.press('[name=password]', 'Enter');
  await page.waitForSelector('.state.good');
  await stream;
  for (const text of ['天气 杭州', '坏了', '长文', '订阅']) {
    await new Promise((resolve) => spawn(BINARY, ['send', '--url', `http://127.0.0.1:${port}/`, '--token', 'token', 'text', text], { cwd: dir, stdio: 'ignore' }).on('exit', resolve));
  }
  await page.waitForFunction(() => document.querySelectorAll('#panel .outcome').length === 4 && !document.querySelector('#panel .outcome.under_way'));
  await page.waitForFunction(() => / 1$/.test(document.getElementById('tab-conversations').textContent)); // the counts are read every few seconds
  await page.click('#panel details >> nth=1 >> summary');
  await page.waitForSelector('#panel .body pre');
  await drawn(page);
  await page.screenshot({ path: path.join(__dirname, file) });
  child.kill();
}

async function reference_picture(browser, lang) {
  const page = await browser.newPage({ viewport: { width: 1180, height: 900 } });
  await page.setContent(execFileSync(BINARY, ['docs', 'html', '--lang', lang], { maxBuffer: 16 << 20 }).toString());
  await page.locator('[id="wechat.message.template.send"]').evaluate((heading) => heading.scrollIntoView());
  await page.screenshot({ path: path.join(__dirname, `reference-${lang}.png`) });
  await page.close();
}

async function prompt_picture(browser) {
  const tmux = (...words) => execFileSync('tmux', ['-L', 'wemoon-pictures', ...words], { env: { ...process.env, LANG: 'C.UTF-8' } }).toString();
  tmux('-f', '/dev/null', '-u', 'new-session', '-d', '-x', '76', '-y', '26', '-c', dir, 'env', `XDG_STATE_HOME=${dir}`, 'LANG=C.UTF-8', BINARY, 'repl');
  await sleep(700);
  const lines = ['function on_message(msg) return "你说：" .. (msg.content or msg.key) end', '.say 你好', 'menu:click("今日歌曲", "SONG");', 'm = menu:sub("菜单")',
    'm:view("搜索", "https://example.com/"); m:click("赞一下我们", "LIKE");', '.menu', '.tap 2.2', 'wechat.tag.create{tag = {name = "vip"}}', 'wechat.user.info{openid = "x"}'];
  for (const line of lines) {
    tmux('send-keys', '-l', line);
    tmux('send-keys', 'Enter');
    await sleep(250);
  }
  const text = tmux('capture-pane', '-p').trimEnd();
  tmux('kill-server');
  const page = await browser.newPage({ viewport: { width: 760, height: 470 } });
  await page.setContent('<body style="margin:0;background:#12161e"><pre style="margin:0;padding:20px;color:#e7eaf0;font:14px/1.5 DejaVu Sans Mono,\'Noto Sans Mono CJK SC\',monospace"></pre>');
  // Each character in cells of the terminal's own, whatever the fonts think of its width.
  await page.evaluate((words) => {
    const pre = document.querySelector('pre');
    for (const c of words) {
      if (c === '\n') {
        pre.append(c);
        continue;
      }
      const cell = document.createElement('span');
      cell.textContent = c;
      cell.style.cssText = `display:inline-block;text-align:center;width:${/[\u2e80-\uffef]/.test(c) ? 17 : 8.5}px`;
      pre.append(cell);
    }
  }, text);
  await page.locator('pre').screenshot({ path: path.join(__dirname, 'prompt.png') });
}

(async () => {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  await console_picture(browser, 'zh-CN', 'console.png');
  await console_picture(browser, 'en-US', 'console-en.png');
  await desk_picture(browser, 'zh-CN', 'desk.png');
  await desk_picture(browser, 'en-US', 'desk-en.png');
  for (const lang of ['zh', 'en']) await reference_picture(browser, lang);
  await prompt_picture(browser);
  await browser.close();
  fs.rmSync(dir, { recursive: true, force: true });
})();
