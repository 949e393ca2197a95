// Opens, verifies and prints a bot's reply.
#include "cli/print_reply.h"

#include <stdio.h>

#include "base/visible.h"
#include "cli/output_text.h"
#include "codec/json.h"
#include "wechat/message.h"
#include "wechat/reply.h"

// ---- JSON ---------------------------------------------------------------------------------------

static bool is_first_of_name(const NodeTree *tree, uint32_t parent, uint32_t index) {
  return node_child(tree, parent, node_name(tree, index)) == index;
}

static size_t count_of_name(const NodeTree *tree, uint32_t parent, Str name) {
  size_t count = 0;
  for (uint32_t i = tree->nodes[parent].first_child; i != NODE_NONE; i = tree->nodes[i].next) {
    if (str_eq(node_name(tree, i), name)) count++;
  }
  return count;
}

static void add_json(const NodeTree *tree, uint32_t index, Buf *out);

// Writes all children of that name: as a list if it is one (message_is_list), or if there are several.
static void add_children_of_name(const NodeTree *tree, uint32_t parent, Str name, Buf *out) {
  bool list = message_is_list(name) || count_of_name(tree, parent, name) > 1;
  const char *joint = "";
  if (list) buf_addc(out, '[');
  for (uint32_t i = tree->nodes[parent].first_child; i != NODE_NONE; i = tree->nodes[i].next) {
    if (!str_eq(node_name(tree, i), name)) continue;
    buf_add(out, str_of(joint));
    add_json(tree, i, out);
    joint = ",";
  }
  if (list) buf_addc(out, ']');
}

// Writes an element as JSON: its text, or its children as an object. The parser bounds the depth.
static void add_json(const NodeTree *tree, uint32_t index, Buf *out) {
  if (tree->nodes[index].first_child == NODE_NONE) {
    json_add_string(out, node_text(tree, index));
    return;
  }
  const char *joint = "{";
  for (uint32_t i = tree->nodes[index].first_child; i != NODE_NONE; i = tree->nodes[i].next) {
    if (!is_first_of_name(tree, index, i)) continue;
    buf_add(out, str_of(joint));
    json_add_string(out, node_name(tree, i));
    buf_addc(out, ':');
    add_children_of_name(tree, index, node_name(tree, i), out);
    joint = ",";
  }
  buf_addc(out, '}');
}

// ---- public -------------------------------------------------------------------------------------

static bool print_parsed(const NodeTree *tree, ReplyStyle style, Err *err) {
  Buf line;
  buf_init(&line);
  if (style == REPLY_STYLE_LINE && tree) reply_describe(tree, &line);
  else if (style == REPLY_STYLE_LINE) buf_add(&line, str_of(output_text("(no reply)")));
  else if (tree) add_json(tree, 0, &line);
  else buf_add(&line, STR("null"));
  bool ok = !line.failed;
  if (ok) {
    Buf shown;
    buf_init(&shown);
    if (style == REPLY_STYLE_JSON) visible_add_json(&shown, buf_str(&line));
    else visible_add(&shown, buf_str(&line));
    fwrite(buf_str(&shown).ptr, 1, shown.len, stdout);
    putchar('\n');
    buf_clear(&shown);
  }
  buf_clear(&line);
  return ok ? true : err_set(err, ERR_MEMORY, "no memory for the reply");
}

bool print_reply(const Callback *callback, Str body, ReplyStyle style, Err *err) {
  if (style == REPLY_STYLE_RAW) {
    fwrite(body.ptr ? body.ptr : "", 1, body.len, stdout);
    return true;
  }
  if (callback_reply_is_empty(body)) return print_parsed(NULL, style, err);
  NodeTree tree;
  Buf plain;
  nodes_init(&tree);
  buf_init(&plain);
  bool ok = callback_open_reply(callback, body, &tree, &plain, err) &&
            print_parsed(tree.count ? &tree : NULL, style, err);
  buf_clear(&plain);
  nodes_clear(&tree);
  return ok;
}
