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
# seconds of CPU.
function(link_as_it_is target)
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
  foreach(source ${unit_tests})
    layer_of(${source} layer)
    add_executable(${test_name} ${source})
    inside(${layer} ${test_name})
    link_as_it_is(${test_name})
    target_link_libraries(${test_name} PRIVATE PkgConfig::CMOCKA)
    target_compile_definitions(${test_name} PRIVATE TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data")
    set_target_properties(${test_name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/unit)
    add_test(NAME unit.${test_name} COMMAND ${test_name})
    set_tests_properties(unit.${test_name} PROPERTIES TIMEOUT 120)
  endforeach()
  # What it allocates can be made to fail.
  target_link_options(store_no_memory_test PRIVATE -Wl,--wrap=malloc)
  target_link_options(script_late_order_test PRIVATE -Wl,--wrap=malloc)
  target_link_options(host_spawned_test PRIVATE -Wl,--wrap=calloc)
  # Hundreds of clients of its own are crowd enough.
  set_tests_properties(unit.net_server_test PROPERTIES RUN_SERIAL ON)

  file(GLOB lua_tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/lua/*_test.lua)
  foreach(source ${lua_tests})
    get_filename_component(name ${source} NAME_WE)
    add_test(NAME lua.${name} COMMAND wemoon exec ${source} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/tests/lua)
    set_tests_properties(lua.${name} PROPERTIES TIMEOUT 120)
  endforeach()

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
  # The long ones begin first, also where no run has told ctest yet how long they take.
  set_tests_properties(e2e.lasting e2e.ladder_kinds e2e.dev e2e.memory e2e.desk e2e.frozen e2e.ladder e2e.console e2e.time e2e.proxies
    e2e.reload e2e.hostile e2e.newest e2e.console_seeing e2e.script e2e.redis PROPERTIES COST 60)
  # It plays the platform's three tries in 1.4 s.
  set_tests_properties(e2e.ladder PROPERTIES PROCESSORS 2)
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
