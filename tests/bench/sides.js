// The compared programs, each on its own port: { name, port, pid, pids(), stop() }. A server runs as deployed: in its
// own session, and thus in its own scheduling group; `cores` (as for taskset) selects its cores.
'use strict';

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const ROOT = path.resolve(__dirname, '../..');
const BUILD = path.join(ROOT, 'build/bench');
const WEMOON = path.resolve(process.env.WEMOON || path.join(ROOT, 'build/release/wemoon'));
const ACCOUNT = { token: 'a-callback-token', appid: 'wx0123456789abcdef', key: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG' };
const REPLY_BYTES = 270; // size of wemoon's reply to the plain message

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer().on('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const connects = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('connect', () => { socket.destroy(); resolve(true); }).on('error', () => resolve(false));
});

// Starts a program that serves on `port`; ready once it accepts a connection.
async function start(name, port, command, args, options = {}) {
  const { cores, ...rest } = options;
  const words = [...(cores ? ['taskset', '-c', cores] : []), command, ...args];
  const child = spawn(words[0], words.slice(1), { stdio: ['ignore', 'ignore', 'pipe'], detached: true, ...rest });
  let log = '';
  child.stderr.on('data', (chunk) => { log = (log + chunk).slice(-4000); });
  const ended = new Promise((resolve) => child.on('close', resolve));
  for (let i = 0; !(await connects(port)); i++) {
    if (child.exitCode !== null || i > 500) throw new Error(`${name} did not start: ${log}`);
    await sleep(10);
  }
  return {
    name, port, pid: child.pid,
    pids: () => [child.pid, ...childrenOf(child.pid)],
    stop: async () => { child.kill('SIGTERM'); await ended; },
  };
}

const childrenOf = (pid) => fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').map(Number).filter(Boolean);

function compileBare() {
  fs.mkdirSync(BUILD, { recursive: true });
  const program = path.join(BUILD, 'bare');
  const done = spawnSync('cc', ['-O2', '-D_GNU_SOURCE', '-o', program, path.join(__dirname, 'bare.c'), '-lcivetweb'], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`bare.c does not compile: ${done.stderr}`);
  return program;
}

async function bare(threads, cores = undefined) {
  const port = await freePort();
  return start(`bare, ${threads} threads`, port, path.join(BUILD, 'bare'),
    [String(port), String(threads), String(REPLY_BYTES)], { cores });
}

async function wemoon(threads, mode, more = [], script = path.join(ROOT, 'scripts/echo.lua'), { cores, program = WEMOON } = {}) {
  const port = await freePort();
  const args = ['run', script, '--listen', String(port), '--threads', String(threads), '--token', ACCOUNT.token,
    '--appid', ACCOUNT.appid, '--encoding-aes-key', ACCOUNT.key, '--encrypt-mode', mode === 'safe' ? 'safe' : 'normal',
    '--store', 'memory:', '--log-level', 'warn', ...more];
  return start(`wemoon, ${threads} threads`, port, program, args, { cores });
}

function nginxConf(port, folder, workers, handler) {
  const modules = '/usr/lib/nginx/modules';
  return `${process.getuid() === 0 ? 'user root;' : ''}
load_module ${modules}/ndk_http_module.so;
load_module ${modules}/ngx_http_lua_module.so;
worker_processes ${workers};
daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log error;
env BENCH_TOKEN; env BENCH_APPID; env BENCH_AES_KEY; env BENCH_MODE;
events { worker_connections 4096; multi_accept on; }
http {
  access_log off;
  server_tokens off;
  keepalive_requests 1000000000;
  keepalive_timeout 60;
  client_body_buffer_size 16k;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  lua_package_path "${__dirname}/?.lua;;";
  init_by_lua_block { handler = require "${handler}" }
  server {
    listen 127.0.0.1:${port} backlog=4096 reuseport;
    location = /wechat { content_by_lua_block { handler() } }
  }
}
`;
}

async function nginx(mode, cores = undefined, handler = 'nginx_handler') {
  const port = await freePort();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wemoon-bench-'));
  fs.writeFileSync(path.join(folder, 'nginx.conf'), nginxConf(port, folder, cores ? cores.split(',').length : os.cpus().length, handler));
  const env = { ...process.env, BENCH_TOKEN: ACCOUNT.token, BENCH_APPID: ACCOUNT.appid, BENCH_AES_KEY: ACCOUNT.key, BENCH_MODE: mode };
  const program = fs.existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : 'nginx';
  const side = await start('nginx + Lua', port, program, ['-p', folder, '-c', path.join(folder, 'nginx.conf')], { env, cores });
  const stop = side.stop;
  side.stop = async () => { await stop(); fs.rmSync(folder, { recursive: true, force: true }); };
  return side;
}

// Starts npm's wechat or co-wechat (rival.js): one thread, as in Node.
async function rival(name, mode, cores = undefined) {
  const port = await freePort();
  return start(name, port, process.execPath, [path.join(__dirname, 'rival.js'), name, String(port), mode], { cores });
}

// ---- process statistics
// ----------------------------------------------------------------------------------------------

const TICK_US = 1e6 / Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout || 100);

function cpuUs(pids) {
  let ticks = 0;
  for (const pid of pids) {
    const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * TICK_US;
}

function rssMb(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

// Compiles NAME.c of this folder with libcurl; returns the program.
function compileWithCurl(name) {
  fs.mkdirSync(BUILD, { recursive: true });
  const program = path.join(BUILD, name);
  const done = spawnSync('cc', ['-O2', '-o', program, path.join(__dirname, `${name}.c`), '-lcurl'], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${name}.c does not compile: ${done.stderr}`);
  return program;
}

// Runs a command that prints numbers; returns them. The first must be positive.
function numbersOf(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '', log = '';
    child.stdout.on('data', (chunk) => { out += chunk; });
    child.stderr.on('data', (chunk) => { log += chunk; });
    child.on('error', reject);
    child.on('close', (code) => {
      const numbers = out.replace(/"/g, '').split(' ').map(Number);
      if (code === 0 && numbers[0] > 0) resolve(numbers);
      else reject(new Error(`${path.basename(command)} ended with ${code}: ${out}${log}`));
    });
  });
}

module.exports = { ROOT, BUILD, WEMOON, ACCOUNT, bare, wemoon, nginx, rival, compileBare, compileWithCurl, numbersOf, cpuUs, rssMb, sleep, freePort };
