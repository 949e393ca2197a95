// Opens, verifies and prints a bot's reply.
#include "cli/reply_out.h"

#include <stdio.h>

#include "codec/json.h"
#include "wechat/message.h"
#include "wechat/reply.h"
#include "wechat/signature.h"

static bool is_empty(Str body) { return body.len == 0 || str_eq(body, STR("success")); }

// ---- opening ------------------------------------------------------------------------------------

static const Credential *signer(const ReplyReader *reader, const NodeTree *tree, Str sealed) {
  Str signature = STR(""), timestamp = STR(""), nonce = STR("");
  node_child_text(tree, 0, STR("MsgSignature"), &signature);
  node_child_text(tree, 0, STR("TimeStamp"), &timestamp);
  node_child_text(tree, 0, STR("Nonce"), &nonce);
  for (size_t i = 0; i < reader->account->credential_count; i++) {
    const Credential *credential = &reader->account->credentials[i];
    bool fits = signature_check(reader->digest, signature, credential->token, timestamp, nonce, &sealed);
    if (credential->has_key && fits) return credential;
  }
  return NULL;
}

// Replaces the parsed envelope in `tree` by the parsed reply that was in it.
static bool open_sealed(const ReplyReader *reader, NodeTree *tree, Str sealed, Buf *plain, Err *err) {
  if (reader->account->mode == MODE_NORMAL) {
    return err_set(
        err, ERR_FAILED,
        "the reply is encrypted, and encrypt_mode is normal here: give send the bot's configuration");
  }
  const Credential *credential = signer(reader, tree, sealed);
  if (!credential)
    return err_set(err, ERR_FAILED,
                   "the reply's MsgSignature is wrong: are token and encoding_aes_key the bot's?");
  if (!envelope_open(reader->aes, credential->key, reader->account->appid, sealed, plain, err) ||
      !xml_parse(reader->parser, buf_str(plain), tree, err)) {
    err_wrap(err, "the reply cannot be opened");
    err->code = ERR_FAILED;
    return false;
  }
  return true;
}

static bool read_reply(const ReplyReader *reader, Str body, NodeTree *tree, Buf *plain, Err *err) {
  if (!xml_parse(reader->parser, body, tree, err)) {
    err_wrap(err, "the answer is no reply that the platform would take");
    err->code = ERR_FAILED;
    return false;
  }
  Str sealed;
  if (node_child_text(tree, 0, STR("Encrypt"), &sealed)) return open_sealed(reader, tree, sealed, plain, err);
  if (reader->account->mode == MODE_SAFE) {
    return err_set(err, ERR_FAILED,
                   "the reply is not encrypted, and encrypt_mode is safe: the platform would not take it");
  }
  return true;
}

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

// All children of that name: a list where the name is one, or where there are several.
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

// An element as JSON: its text, or its children as an object. The tree's depth is bounded by the parser's.
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
  if (style == REPLY_STYLE_LINE) reply_describe(tree, &line);
  else if (tree) add_json(tree, 0, &line);
  else buf_add(&line, STR("null"));
  bool ok = !line.failed;
  if (ok) {
    fwrite(buf_str(&line).ptr, 1, line.len, stdout);
    putchar('\n');
  }
  buf_clear(&line);
  return ok ? true : err_set(err, ERR_MEMORY, "no memory for the reply");
}

bool reply_print(const ReplyReader *reader, Str body, ReplyStyle style, Err *err) {
  if (style == REPLY_STYLE_RAW) {
    fwrite(body.ptr ? body.ptr : "", 1, body.len, stdout);
    return true;
  }
  if (is_empty(body)) return print_parsed(NULL, style, err);
  NodeTree tree;
  Buf plain;
  nodes_init(&tree);
  buf_init(&plain);
  bool ok = read_reply(reader, body, &tree, &plain, err) && print_parsed(&tree, style, err);
  buf_clear(&plain);
  nodes_clear(&tree);
  return ok;
}
