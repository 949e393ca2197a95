// A tree of named texts in two flat pieces of memory.
#include "codec/node.h"

#include <stdlib.h>

enum { FIRST_CAP = 32 };

void nodes_init(NodeTree *tree) { *tree = (NodeTree){ 0 }; }

void nodes_clear(NodeTree *tree) {
  free(tree->nodes);
  buf_clear(&tree->text);
  nodes_init(tree);
}

void nodes_reset(NodeTree *tree) {
  tree->count = 0;
  tree->failed = tree->is_clean = false;
  buf_reset(&tree->text);
}

static bool grow(NodeTree *tree) {
  uint32_t cap = tree->cap ? tree->cap * 2 : FIRST_CAP;
  if (cap <= tree->cap || cap > UINT32_MAX / sizeof(Node)) return false;
  Node *nodes = realloc(tree->nodes, cap * sizeof *nodes);
  if (!nodes) return false;
  tree->nodes = nodes;
  tree->cap = cap;
  return true;
}

static uint32_t fail(NodeTree *tree) {
  tree->failed = true;
  return NODE_NONE;
}

uint32_t nodes_add(NodeTree *tree, uint32_t parent, uint32_t *last, Str name) {
  size_t name_off = tree->text.len;
  if (tree->failed || name.len > UINT32_MAX - 1 - name_off) return fail(tree);
  buf_add(&tree->text, name);
  if (tree->text.failed) return fail(tree);
  return nodes_add_named(tree, parent, last, (uint32_t)name_off, (uint32_t)name.len);
}

// Out of line, so that nodes_add_named itself, which nearly always finds room, keeps no registers for it.
static __attribute__((noinline)) uint32_t grow_and_add(NodeTree *tree, uint32_t parent,
                                                       uint32_t *last, uint32_t name_off,
                                                       uint32_t name_len) {
  return grow(tree) ? nodes_add_named(tree, parent, last, name_off, name_len) : fail(tree);
}

uint32_t nodes_add_named(NodeTree *tree, uint32_t parent, uint32_t *last, uint32_t name_off,
                         uint32_t name_len) {
  if (tree->failed) return NODE_NONE;
  if (tree->count == tree->cap) return grow_and_add(tree, parent, last, name_off, name_len);
  uint32_t index = tree->count++;
  tree->nodes[index] = (Node){
    .name_off = name_off,
    .name_len = name_len,
    .text_off = (uint32_t)tree->text.len,
    .first_child = NODE_NONE,
    .next = NODE_NONE,
  };
  if (parent != NODE_NONE) {
    if (*last == NODE_NONE) tree->nodes[parent].first_child = index;
    else tree->nodes[*last].next = index;
    tree->nodes[parent].child_count++;
  }
  *last = index;
  return index;
}

Str node_name(const NodeTree *tree, uint32_t index) {
  const Node *node = &tree->nodes[index];
  return str_make(buf_str(&tree->text).ptr + node->name_off, node->name_len);
}

Str node_text(const NodeTree *tree, uint32_t index) {
  const Node *node = &tree->nodes[index];
  return str_make(buf_str(&tree->text).ptr + node->text_off, node->text_len);
}

uint32_t node_child(const NodeTree *tree, uint32_t parent, Str name) {
  for (uint32_t i = tree->nodes[parent].first_child; i != NODE_NONE; i = tree->nodes[i].next) {
    if (str_eq(node_name(tree, i), name)) return i;
  }
  return NODE_NONE;
}

bool node_child_text(const NodeTree *tree, uint32_t parent, Str name, Str *text) {
  uint32_t child = node_child(tree, parent, name);
  if (child == NODE_NONE) return false;
  *text = node_text(tree, child);
  return true;
}
