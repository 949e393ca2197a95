// A tree of named texts, flat in memory: the common form of the platform's XML and JSON documents. References are
// offsets, so two memcpys copy a tree (into a Lua userdata).
#ifndef WEMOON_CODEC_NODE_H
#define WEMOON_CODEC_NODE_H

#include "base/buf.h"

enum { NODE_NONE = UINT32_MAX };

typedef struct {
  uint32_t name_off, name_len;  // in the tree's text
  uint32_t text_off, text_len;  // its own text; empty if it has children
  uint32_t first_child, next;   // indices, or NODE_NONE
  uint32_t child_count : 31;
  uint32_t is_list : 1;  // a JSON array: its children are the members, with empty names
} Node;

typedef struct {
  Node *nodes;  // nodes[0] is the root
  uint32_t count, cap;
  Buf text;
  bool failed;    // no memory: the tree is unusable
  bool is_clean;  // the XML document that it was read from is UTF-8 without forbidden characters
} NodeTree;

void nodes_init(NodeTree *tree);   // empty; free it with nodes_clear
void nodes_clear(NodeTree *tree);  // frees
void nodes_reset(NodeTree *tree);  // empty, keeps the memory
// Appends a child to `parent` (NODE_NONE makes the root); `*last` is the parent's last child so far or
// NODE_NONE, and is set to the new one. Returns the new index, NODE_NONE without memory.
uint32_t nodes_add(NodeTree *tree, uint32_t parent, uint32_t *last, Str name);
// The same for a name that is already in the tree's text, at `name_off`.
uint32_t nodes_add_named(NodeTree *tree, uint32_t parent, uint32_t *last, uint32_t name_off,
                         uint32_t name_len);
Str node_name(const NodeTree *tree, uint32_t index);
Str node_text(const NodeTree *tree, uint32_t index);  // like the name, until the tree changes
// The first child of `parent` with that exact name, or NODE_NONE.
uint32_t node_child(const NodeTree *tree, uint32_t parent, Str name);
// That child's text. False, with *text unchanged, if there is none.
bool node_child_text(const NodeTree *tree, uint32_t parent, Str name, Str *text);

#endif
