// `wemoon dev` for the tests: a bot beside the simulated platform, driven over /sim as the console does.
'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const { startBot, until } = require('./harness');

class Sim {
  constructor(bot) { this.bot = bot; }

  // The base URL, without a final slash; replaces https://api.weixin.qq.com.
  get url() { return `http://${this.bot.host}:${this.bot.port}`; }

  // Sends `body` as JSON, a string unchanged. The answer's `json` is null if its body is not JSON.
  async call(method, where, body, headers = {}) {
    const answer = await this.bot.request({
      method, path: where, agent: false, body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body), headers,
    });
    return { ...answer, json: answer.body.startsWith('{') || answer.body.startsWith('[') ? JSON.parse(answer.body) : null };
  }

  async get(where) {
    const answer = await this.call('GET', where);
    assert.equal(answer.status, 200, answer.body);
    return answer.json;
  }

  async post(where, body) {
    const answer = await this.call('POST', where, body);
    assert.equal(answer.status, 200, `${answer.body}\n${this.bot.log}`);
    return answer.json;
  }

  act(act, more = {}) { return this.post('/sim/act', { act, user: 'alice', ...more }); }
  say(content, more) { return this.act('say', { content, ...more }); }
  state() { return this.get('/sim/state'); }
  async trace(id) { return (await this.state()).trace.find((item) => item.id === id); }

  // Collects server-sent events as they arrive: { list, close }.
  events(after) {
    const list = [];
    const reader = { list, close: () => request.destroy() };
    const request = http.get({
      host: this.bot.host, port: this.bot.port, path: `/sim/events${after === undefined ? '' : `?after=${after}`}`, agent: false,
    }, (response) => {
      let text = '';
      reader.begun = response.statusCode === 200;
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
        for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
          const fields = Object.fromEntries(text.slice(0, end).split('\n').map((line) => /^(\w*): ?(.*)$/.exec(line).slice(1)));
          if (fields.event) list.push({ id: Number(fields.id), event: fields.event, data: JSON.parse(fields.data) });
        }
      });
      response.on('error', () => {});
      response.on('end', () => { list.ended = true; });
    });
    request.on('error', () => {});
    return reader;
  }
}

// Starts `wemoon dev`; options as startBot's. Without a script only the simulated platform runs.
async function startDev(t, options) {
  const bot = await startBot(t, { command: 'dev', ...options });
  // The first URL printed may be that of a bot elsewhere.
  const page = new URL((await until(() => /http:\/\/\S+\/console/.exec(bot.output), 'the console\'s address'))[0]);
  bot.host = page.hostname;
  bot.port = Number(page.port);
  return new Sim(bot);
}

module.exports = { startDev };
