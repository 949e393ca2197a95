// `wemoon dev` with its console open in Chromium.
'use strict';

const fs = require('node:fs');
const { chromium } = require('playwright-core');
const { sanitizer } = require('./sanitizer');
const { startDev } = require('./dev');
const { atEnd } = require('./harness');

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((file) => fs.existsSync(file));
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const PATIENCE_MS = sanitizer ? 90000 : 30000; // for what a busy machine draws late: costs nothing when it comes

// Opens the console. Options are startBot's and the window's. Returns { dev, page, faults: the browser's errors,
// say(text), saw(text) }.
async function openConsole(t, { width = 1280, height = 800, locale = 'zh-CN', scheme = 'light', ...bot } = {}) {
  const dev = await startDev(t, bot);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  atEnd(t, () => browser.close());
  const page = await (await browser.newContext({ viewport: { width, height }, locale, colorScheme: scheme })).newPage();
  const faults = [];
  page.on('console', (message) => { if (message.type() === 'error') faults.push(message.text()); });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => { if (!request.url().startsWith(dev.url)) faults.push(`outside: ${request.url()}`); });
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${dev.url}/console`);
  await page.waitForSelector('.person');
  const say = async (text) => {
    await page.fill('#input', text);
    await page.press('#input', 'Enter');
  };
  return { dev, page, faults, say, saw: (text) => page.waitForSelector(`#chat >> text=${text}`) };
}

// Two frames of the page: what was asked for before is drawn, and its animations have ended.
const drawn = (page) => page.evaluate(async () => {
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  await frame();
  await Promise.all(document.getAnimations().map((one) => one.finished));
});

module.exports = { openConsole, drawn, PATIENCE_MS, CHROMIUM, FLAGS };
