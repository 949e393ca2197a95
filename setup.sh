#!/bin/sh
# Sets wemoon up on Debian 12: installs what is missing, then builds, runs, tests, measures or installs it.
# A second call repeats no work, and needs no network once everything is installed.
set -eu
cd "$(dirname "$0")"

# make: with it the compiler optimises at link time on all cores, which halves the time to a first answer.
BUILD_PACKAGES="gcc libc6-dev make cmake ninja-build pkg-config ca-certificates libcivetweb-dev libcurl4-openssl-dev libxml2-dev
  libcjson-dev libssl-dev liblua5.4-dev libuv1-dev libsqlite3-dev libhiredis-dev libedit-dev libqrencode-dev libcmark-gfm-dev libcmark-gfm-extensions-dev"
TEST_PACKAGES="chromium fonts-noto-cjk tmux libcmocka-dev nodejs npm curl wrk redis-server sqlite3 nginx jq libxml2-utils strace zsh man-db
  caddy haproxy prometheus logrotate lua-socket lua-unit"
CHECK_PACKAGES="clang-format lua-check shellcheck libcmocka-dev"
BENCH_PACKAGES="nodejs npm wrk redis-server nginx libnginx-mod-http-lua valgrind"
JOBS=$(nproc)
TEST_JOBS=$((JOBS + 3))  # tests sleep most of their time: of two cores they need half with five at a time

usage() {
  cat <<'END'
usage: ./setup.sh COMMAND

  run           build, then serve scripts/hello.lua beside a simulated platform, with a page to chat with it
  test          check, build, run every test; then again under AddressSanitizer, and the threaded ones under ThreadSanitizer
  check         two minutes: formatting, luacheck, shellcheck, unit and Lua tests under AddressSanitizer
  bench [...]   build, then measure beside a bare civetweb handler, nginx with Lua and npm packages (--quick: two minutes)
                (bench NAME...: only start, crowd, waiting, pressure, api, memory, speed, patterns or streams;
                and apart from these instructions, seeing, kept,
                soak: half an hour of load, reloads and failures,
                chaos: six minutes of kill -9 and fail-overs)
  deps          install what a build needs
  build         build build/release/wemoon
  install       build and install the program, its manual page and completions below PREFIX (/usr/local), DESTDIR prepended
  package       build build/package/wemoon_*.deb

Every command installs the Debian packages that it needs and does not find (as root, or with sudo).
END
}

fail() {
  printf 'setup.sh: %s\n' "$1" >&2
  exit 1
}

# ---- packages -------------------------------------------------------------------------------------------------------

# node and npm may have come from elsewhere than Debian's packages.
is_there() {
  case $1 in
    nodejs) command -v node >/dev/null 2>&1 && return ;;
    npm) command -v npm >/dev/null 2>&1 && return ;;
  esac
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo "$@"
  else
    fail "this step needs root, and there is no sudo. Run it as root:  $*"
  fi
}

need() {
  command -v dpkg-query >/dev/null 2>&1 || fail "this is no Debian: install the like of  $*  and build with  cmake --preset release && cmake --build build/release"
  missing=
  for package in "$@"; do
    is_there "$package" || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  printf 'setup.sh: installing%s\n' "$missing"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q </dev/null ||
    fail "apt-get update failed. Is there a network, and are the addresses in /etc/apt right? Still missing:$missing"
  # shellcheck disable=SC2086  # a list of words
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing </dev/null ||
    fail "apt-get could not install all of:$missing  (see its messages above). Is there a network? Debian 12 has them all in 'main'"
}

# What tests/e2e/package.json names: wemoon is tested against these.
need_node_modules() {
  missing=
  for package in axe-core co-wechat co-wechat-api commonmark-spec jsqr koa openai playwright-core wechat wechat-api wechat-crypto; do
    [ -d "tests/e2e/node_modules/$package" ] || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  (cd tests/e2e && npm install --no-progress --loglevel=error </dev/null) ||
    fail "npm could not fetch what the tests need:$missing. Is there a network?"
}

# ---- building -------------------------------------------------------------------------------------------------------

# Configured once; a first build for `run` does without what only tests need.
configure() { # PRESET TESTS
  cache=build/$1/CMakeCache.txt
  if grep -q '^WEMOON_TESTS:BOOL=ON' "$cache" 2>/dev/null; then return; fi
  if [ "$2" = OFF ] && [ -f "$cache" ] && [ -f "build/$1/build.ninja" ]; then return; fi
  cmake --preset "$1" -DWEMOON_TESTS="$2"
}

install_dependencies() {
  # shellcheck disable=SC2086  # a list of words
  need $BUILD_PACKAGES
}

build_wemoon() {
  install_dependencies
  configure release OFF
  cmake --build build/release --target wemoon -j "$JOBS"
}

# PREFIX and DESTDIR come from the environment, as for make install.
install_wemoon() {
  build_wemoon
  cmake --build build/release --target docs
  target=${DESTDIR:-}${PREFIX:-/usr/local}
  if mkdir -p "$target" 2>/dev/null && [ -w "$target" ]; then
    cmake --install build/release --prefix "${PREFIX:-/usr/local}"
  else
    as_root env "DESTDIR=${DESTDIR:-}" cmake --install build/release --prefix "${PREFIX:-/usr/local}"
  fi
}

# The package has a build of its own, because its files go below /usr.
package() {
  # shellcheck disable=SC2086  # a list of words
  need $BUILD_PACKAGES dpkg-dev file
  cmake -S . -B build/package -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_INSTALL_PREFIX=/usr -DWEMOON_TESTS=OFF
  cmake --build build/package -j "$JOBS" --target wemoon docs
  (cd build/package && cpack -G DEB)
}

# ---- commands -------------------------------------------------------------------------------------------------------

run() {
  build_wemoon
  exec build/release/wemoon dev scripts/hello.lua "$@"
}

failed_under() {
  case " $failed " in
    *" $1 "*) ;;
    *) failed="$failed $1" ;;
  esac
}

# What the tests need that ctest would run: of a selection of tests, the program and their own executables.
targets() { # PRESET [CTEST ARGUMENT...]
  preset=$1
  shift
  case ${1:-} in
    -R) echo wemoon && ctest --test-dir "build/$preset" -N "$@" | sed -n 's/.* unit\.\([a-z0-9_]*\).*/\1/p' | sort -u ;;
    *) echo all ;;
  esac
}

suite() { # PRESET [CTEST ARGUMENT...]
  preset=$1
  shift
  printf '\n== %s: building\n' "$preset"
  configure "$preset" ON
  # What does not build fails as a test; the others still say their part.
  # shellcheck disable=SC2046  # a list of words
  cmake --build "build/$preset" -j "$JOBS" --target $(targets "$preset" "$@") -- -k 0 || failed_under "$preset"
  printf '\n== %s: testing\n' "$preset"
  run_tests "$preset" "$@" || failed_under "$preset"
}

# What fails beside other tests is said, and runs once more with the machine to itself: a clock that ran away from a busy
# machine is no fault, and a fault is there the second time too.
run_tests() { # PRESET [CTEST ARGUMENT...]
  preset=$1
  shift
  ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j "$TEST_JOBS" "$@" && return
  printf '\n== %s: once more, alone, what failed\n' "$preset"
  # By name: the numbers that --rerun-failed goes by change with -E, and name other tests.
  alone=$(cut -d : -f 2 "build/$preset/Testing/Temporary/LastTestsFailed.log")
  ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -R "^($(echo "$alone" | paste -sd '|'))\$" || return
  printf 'setup.sh: %s: passed only when alone: %s\n' "$preset" "$(echo "$alone" | tr '\n' ' ')"
}

# ThreadSanitizer maps memory where address randomisation of newer kernels may have put something.
without_randomisation() {
  if setarch "$(uname -m)" -R true 2>/dev/null; then
    setarch "$(uname -m)" -R ./setup.sh "$@"
  else
    ./setup.sh "$@"
  fi
}

# The developer's two minutes, before the long tests.
check() {
  # shellcheck disable=SC2086  # a list of words
  need $BUILD_PACKAGES $CHECK_PACKAGES
  find src tests \( -name node_modules -o -name data \) -prune -o \( -name '*.c' -o -name '*.h' \) -print0 |
    xargs -0 clang-format --dry-run --Werror || fail "formatting differs: run clang-format -i on the files above"
  luacheck --quiet . || fail "luacheck has warnings: see above"
  find setup.sh .ci/run src tests findings -name node_modules -prune -o -type f \
    \( -name '*.sh' -o -path .ci/run -o -path '*/debian/post*' -o -path '*/debian/pre*' \) -print0 |
    xargs -0 shellcheck || fail "shellcheck has warnings: see above"
  configure asan ON
  cmake --build build/asan -j "$JOBS" || fail "the build failed: see above"
  run_tests asan -R '^(unit|lua|tree)\.' || fail "unit or Lua tests failed under AddressSanitizer: see above"
  echo "setup.sh: check passed"
}

tests() {
  # shellcheck disable=SC2086  # a list of words
  need $BUILD_PACKAGES $CHECK_PACKAGES $TEST_PACKAGES
  need_node_modules
  check
  failed=
  suite release
  suite asan -E '^(unit|lua|tree)\.'  # check has run these
  without_randomisation suite-of-threads || failed_under tsan
  [ -z "$failed" ] || fail "tests failed under:$failed"
  echo "setup.sh: all tests passed: release, asan (with UBSan), tsan"
}

# What has threads: server, loop, client, jobs, interpreters, stores; and a bot reloaded under load; and
# the simulated platform with a bot beside it in one process. host_guard is left out: each error that leaves a C function
# by longjmp leaves a frame on ThreadSanitizer's own stack, and that test raises a hundred thousand.
suite_of_threads() {
  failed=
  TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp ${TSAN_OPTIONS:-}" \
    suite tsan -R '^unit\.(net|store|api|bot|engine|cli_asking|script_routes|host_(task|wait|interpreter))_|^e2e\.(reload|dev)$'
  [ -z "$failed" ]
}

bench() {
  # shellcheck disable=SC2086  # a list of words
  need $BUILD_PACKAGES $BENCH_PACKAGES
  need_node_modules
  build_wemoon
  cmake --build build/release --target dedupe_bench pattern_bench -j "$JOBS"
  exec node tests/bench/bench.js "$@"
}

command=${1:-}
[ $# = 0 ] || shift
case $command in
  run) run "$@" ;;
  test) tests ;;
  check) check ;;
  install) install_wemoon ;;
  suite-of-threads) suite_of_threads ;;
  bench) bench "$@" ;;
  deps) install_dependencies ;;
  build) build_wemoon ;;
  package) package ;;
  -h | --help | help) usage ;;
  *)
    [ -z "$command" ] || echo "setup.sh: unknown command: $command" >&2
    usage >&2
    exit 2
    ;;
esac
