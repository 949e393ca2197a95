# Tests, by kind. unit/<layer>_<file>_test.c and fuzz/<layer>_<name>_fuzz.c are linked with their layer, of which they see
# all headers, and nothing above it.
enable_testing()

function(layer_of path result)
  get_filename_component(name ${path} NAME_WE)
  string(REGEX REPLACE "_.*" "" layer ${name})
  set(${result} ${layer} PARENT_SCOPE)
  set(test_name ${name} PARENT_SCOPE)
endfunction()

# A test links the objects as they are. Otherwise the compiler's linker plugin optimises each of them as a whole, for ten
# seconds of CPU. gold, which comes with binutils, takes a third of the other linker's time.
include(CheckLinkerFlag)
# Found once for each build folder: after gold was installed, configure with -UWEMOON_HAS_GOLD.
check_linker_flag(C -fuse-ld=gold WEMOON_HAS_GOLD)
function(link_as_it_is target)
  if(WEMOON_HAS_GOLD)
    target_link_options(${target} PRIVATE -fuse-ld=gold)
  endif()
  if(WEMOON_WHOLE)
    target_compile_options(${target} PRIVATE -fno-lto)
    target_link_options(${target} PRIVATE -fno-lto)
  endif()
endfunction()

# Tests may format with patterns from tables.
add_compile_options(-Wno-format-nonliteral)

if(WEMOON_TESTS)
  need(CMOCKA cmocka libcmocka-dev)
  file(GLOB unit_tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/*_test.c)
  set(net_server_test_arguments "-*busy_clients*")
  foreach(source ${unit_tests})
    layer_of(${source} layer)
    add_executable(${test_name} ${source})
    inside(${layer} ${test_name})
    link_as_it_is(${test_name})
    target_link_libraries(${test_name} PRIVATE PkgConfig::CMOCKA)
    target_compile_definitions(${test_name} PRIVATE TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data")
    set_target_properties(${test_name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/unit)
    add_test(NAME unit.${test_name} COMMAND ${test_name} ${${test_name}_arguments})
    set_tests_properties(unit.${test_name} PROPERTIES TIMEOUT 120)
  endforeach()
  # What it allocates can be made to fail.
  target_link_options(store_no_memory_test PRIVATE -Wl,--wrap=malloc)
  target_link_options(script_late_order_test PRIVATE -Wl,--wrap=malloc)
  target_link_options(host_spawned_test PRIVATE -Wl,--wrap=calloc)
  target_link_options(bot_dedupe_test
    PRIVATE -Wl,--wrap=calloc,--wrap=malloc_trim,--wrap=EVP_MAC_init,--wrap=pthread_mutex_lock,--wrap=pthread_mutex_unlock)
  # Its calls of the store are watched, and held up.
  target_link_options(bot_peers_test PRIVATE -Wl,--wrap=store_call,--wrap=store_call_wait)
  # OpenSSL can lack an algorithm.
  target_link_options(codec_keyed_digest_test PRIVATE -Wl,--wrap=EVP_MAC_fetch)
  # Hundreds of clients of its own are crowd enough: they run alone, and the others of that file, which wait, beside
  # all tests.
  add_test(NAME unit.net_server_test.crowd COMMAND net_server_test "*busy_clients*")
  set_tests_properties(unit.net_server_test.crowd PROPERTIES RUN_SERIAL ON TIMEOUT 120)

  file(GLOB lua_tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/lua/*_test.lua)
  foreach(source ${lua_tests})
    get_filename_component(name ${source} NAME_WE)
    add_test(NAME lua.${name} COMMAND wemoon exec ${source} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/tests/lua)
    set_tests_properties(lua.${name} PROPERTIES TIMEOUT 120)
  endforeach()
  # These list the files of the tree.
  set_tests_properties(lua.nearest_test lua.output_zh_test lua.syntax_test PROPERTIES ENVIRONMENT WEMOON_ALLOW_SHELL=true)

  # Every example has its spec.
  file(GLOB example_specs CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/scripts/*_spec.lua)
  add_test(NAME lua.examples COMMAND wemoon test ${example_specs} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/scripts)
  set_tests_properties(lua.examples PROPERTIES TIMEOUT 120)

  # What fuzzing has found and begun with, once more.
  file(GLOB fuzzers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/*_fuzz.c)
  foreach(source ${fuzzers})
    layer_of(${source} layer)
    string(REGEX REPLACE "^[a-z]+_(.*)_fuzz$" "\\1" corpus ${test_name})
    add_executable(${test_name}_replay ${source} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.c)
    inside(${layer} ${test_name}_replay)
    link_as_it_is(${test_name}_replay)
    set_target_properties(${test_name}_replay PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    add_test(NAME fuzz.${test_name} COMMAND ${test_name}_replay ${CMAKE_SOURCE_DIR}/tests/data/fuzz/${corpus})
    set_tests_properties(fuzz.${test_name} PROPERTIES TIMEOUT 120)
  endforeach()

  find_program(NODE node)
  add_test(NAME tree.layers COMMAND ${NODE} --test ${CMAKE_SOURCE_DIR}/tests/tree.test.js)
  set_tests_properties(tree.layers PROPERTIES TIMEOUT 300 ENVIRONMENT "BUILD=${CMAKE_BINARY_DIR}")

  file(GLOB e2e_tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/e2e/*.test.js)
  foreach(source ${e2e_tests})
    get_filename_component(name ${source} NAME_WE)
    add_test(NAME e2e.${name} COMMAND ${NODE} --test ${source} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/tests/e2e)
    set_tests_properties(e2e.${name} PROPERTIES TIMEOUT 600 ENVIRONMENT "WEMOON=$<TARGET_FILE:wemoon>")
  endforeach()
  # Seconds under AddressSanitizer: the long ones begin first, also where no run has told ctest yet how long they take.
  set(long_tests e2e.desk=150 e2e.dev=126 e2e.console=125 e2e.console_seeing=119 e2e.hostile=91 e2e.reload=90
    e2e.console_again=69 e2e.spec=56 e2e.lasting=55 e2e.timers=53 e2e.console_kept=53 e2e.time=52 e2e.frozen=51
    e2e.ladder=50 e2e.redis=49 e2e.cli=47 e2e.peers=46 e2e.route=45 e2e.lasting_away=44 e2e.proxies=42 e2e.replay=41
    e2e.paused=40 e2e.lasting_waits=40 e2e.crowds=39 e2e.ladder_kinds=38 e2e.attach=36 e2e.newest=35 e2e.check=35
    unit.net_server_test=33 unit.bot_peers_test=32 e2e.ask=29 unit.host_guard_test=29 e2e.memory=29 e2e.reference=28
    unit.store_sqlite_file_test=27 e2e.script=26 e2e.late_order=25 e2e.protocol=23 e2e.repl_seeing=23 e2e.log=23
    e2e.platform=21 e2e.model=20 e2e.send=20 e2e.full=20)
  foreach(pair ${long_tests})
    string(REGEX MATCH "^(.*)=(.*)$" pair ${pair})
    set_tests_properties(${CMAKE_MATCH_1} PROPERTIES COST ${CMAKE_MATCH_2})
  endforeach()
  # Browsers compute; all five begin first by COST, so they run two at a time.
  set_tests_properties(e2e.desk e2e.console_again e2e.console_kept PROPERTIES RESOURCE_LOCK one_browser)
  set_tests_properties(e2e.console e2e.console_seeing PROPERTIES RESOURCE_LOCK another_browser)
endif()

if(WEMOON_FUZZ)
  file(GLOB fuzzers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/*_fuzz.c)
  foreach(source ${fuzzers})
    layer_of(${source} layer)
    add_executable(${test_name} ${source})
    inside(${layer} ${test_name})
    target_link_options(${test_name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${test_name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  endforeach()
endif()
