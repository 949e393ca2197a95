// The npm packages wechat and co-wechat as their READMEs use them, with the answers of scripts/echo.lua.
//   node rival.js wechat|co-wechat PORT plain|safe
'use strict';

const http = require('node:http');
const path = require('node:path');
const { ACCOUNT } = require('./sides.js');

const packages = path.resolve(__dirname, '../e2e/node_modules');
const [name, port, mode] = process.argv.slice(2);
const echo = (message) => message.Content;
const account = { token: ACCOUNT.token, appid: ACCOUNT.appid, encodingAESKey: mode === 'safe' ? ACCOUNT.key : '' };

// Runs without express, so that its cost is not counted; `query` is a property that the package expects.
function wechat() {
  const answer = require(path.join(packages, 'wechat'))(account, (request, response) => response.reply(echo(request.weixin)));
  return http.createServer((request, response) => {
    request.query = Object.fromEntries(new URL(request.url, 'http://localhost').searchParams);
    answer(request, response, (error) => { response.writeHead(500).end(String(error)); });
  });
}

function coWechat() {
  const Koa = require(path.join(packages, 'koa'));
  const app = new Koa();
  app.use(require(path.join(packages, 'co-wechat'))(account).middleware(async (message) => echo(message)));
  return http.createServer(app.callback());
}

(name === 'wechat' ? wechat() : coWechat()).listen(Number(port), '127.0.0.1');
