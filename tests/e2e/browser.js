// `wemoon dev` with its console open in Chromium.
'use strict';

const fs = require('node:fs');
const { chromium } = require('playwright-core');
const { sanitizer } = require('./sanitizer');
const { startDev } = require('./dev');

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((file) => fs.existsSync(file));
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const slow = sanitizer ? 3 : 1;

// Opens the console. Options are startBot's and the window's. Returns { dev, page, faults: the browser's errors,
// say(text), saw(text) }.
async function openConsole(t, { width = 1280, height = 800, locale = 'zh-CN', scheme = 'light', ...bot } = {}) {
  const dev = await startDev(t, bot);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  t.after(() => browser.close());
  const page = await (await browser.newContext({ viewport: { width, height }, locale, colorScheme: scheme })).newPage();
  const faults = [];
  page.on('console', (message) => { if (message.type() === 'error') faults.push(message.text()); });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => { if (!request.url().startsWith(dev.url)) faults.push(`outside: ${request.url()}`); });
  page.setDefaultTimeout(10000 * slow);
  await page.goto(`${dev.url}/console`);
  await page.waitForSelector('.person');
  const say = async (text) => {
    await page.fill('#input', text);
    await page.press('#input', 'Enter');
  };
  return { dev, page, faults, say, saw: (text) => page.waitForSelector(`#chat >> text=${text}`) };
}

module.exports = { openConsole, slow, CHROMIUM, FLAGS };
