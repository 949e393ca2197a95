# Writes an assembler file that carries every Lua file in the binary, as it is, with a table of names that
# script/embedded.c reads: name, start, end, one row a file, sorted by name. The files stand together, in
# this order; the names stand together, behind the files: who looks for one reads them all, and would touch the pages
# of every file if they stood between these.
function(embed_lua output)
  set(rows "")
  set(blobs "")
  set(names "")
  set(index 0)
  foreach(file ${ARGN})
    set(path ${CMAKE_SOURCE_DIR}/lua/${file})
    string(APPEND blobs "start${index}: .incbin \"${path}\"\nend${index}: .byte 0\n")
    string(APPEND names "name${index}: .asciz \"${file}\"\n")
    string(APPEND rows "  .quad name${index}, start${index}, end${index}\n")
    set_property(SOURCE ${output} APPEND PROPERTY OBJECT_DEPENDS ${path})
    math(EXPR index "${index} + 1")
  endforeach()
  file(GENERATE OUTPUT ${output} CONTENT
"  .section .rodata
${blobs}${names}
  .section .data.rel.ro, \"aw\"
  .balign 8
  .globl wemoon_embedded_files
  .globl wemoon_embedded_count
wemoon_embedded_files:
${rows}  .quad 0, 0, 0
wemoon_embedded_count: .quad ${index}
  .section .note.GNU-stack, \"\", @progbits
")
endfunction()
