// Decryption and encryption work in place in the output buffer, so a warm buffer needs no
// allocation.
#include "wechat/envelope.h"

#include "codec/base64.h"
#include "codec/xml.h"
#include "wechat/signature.h"

enum { RANDOM_LEN = 16, LENGTH_LEN = 4, PREFIX_LEN = RANDOM_LEN + LENGTH_LEN, PADDING_UNIT = 32 };

// ---- opening ----

// The number of decrypted bytes without padding; false if the padding is malformed.
static bool strip_padding(const uint8_t *bytes, size_t len, size_t *content_len) {
  size_t padding = len ? bytes[len - 1] : 0;
  if (padding < 1 || padding > PADDING_UNIT || padding > len) return false;
  for (size_t i = len - padding; i < len; i++) {
    if (bytes[i] != padding) return false;
  }
  *content_len = len - padding;
  return true;
}

static uint32_t read_length(const uint8_t *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

// Finds the message in the decrypted bytes and compares the appid behind it with the account's.
static bool find_message(const uint8_t *bytes, size_t len, Str appid, Str *message, Err *err) {
  size_t content_len;
  if (!strip_padding(bytes, len, &content_len)) {
    return err_set(
        err, ERR_INVALID,
        "the sealed message has bad padding: is encoding_aes_key the one at " ACCOUNT_PLACE_CALLBACK
        "?");
  }
  if (content_len < PREFIX_LEN)
    return err_set(err, ERR_INVALID, "the sealed message is cut off: %zu bytes", content_len);
  uint32_t message_len = read_length(bytes + RANDOM_LEN);
  if (message_len > content_len - PREFIX_LEN) {
    return err_set(err, ERR_INVALID,
                   "the sealed message claims a length of %u bytes, but only %zu are left: is "
                   "encoding_aes_key the one at " ACCOUNT_PLACE_CALLBACK "?",
                   message_len, content_len - PREFIX_LEN);
  }
  *message = str_make((const char *)bytes + PREFIX_LEN, message_len);
  Str sent_to = str_make(message->ptr + message_len, content_len - PREFIX_LEN - message_len);
  if (str_eq(sent_to, appid)) return true;
  return err_set(err, ERR_INVALID,
                 "the sealed message is for another appid than this account's: is appid the one "
                 "at " ACCOUNT_PLACE "?");
}

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

Str envelope_unwrap(Buf *scratch, Str sealed) {
  size_t plain = 0, from = scratch->len;
  while (plain < sealed.len && !is_space(sealed.ptr[plain])) plain++;
  if (plain == sealed.len) return sealed;
  buf_add(scratch, str_sub(sealed, 0, plain));
  for (size_t i = plain; i < sealed.len; i++) {
    if (!is_space(sealed.ptr[i])) buf_addc(scratch, sealed.ptr[i]);
  }
  return str_sub(buf_str(scratch), from, scratch->len);
}

static bool decode(Buf *out, Str sealed) {
  if (base64_decode(out, sealed, false)) return true;
  Buf scratch;
  buf_init(&scratch);
  Str text = envelope_unwrap(&scratch, sealed);
  bool ok = text.ptr != sealed.ptr && !scratch.failed && base64_decode(out, text, false);
  if (scratch.failed) out->failed = true;
  buf_clear(&scratch);
  return ok;
}

bool envelope_open(Aes *aes, const uint8_t key[AES_KEY_LEN], Str appid, Str sealed, Buf *out,
                   Err *err) {
  size_t before = out->len;
  if (!decode(out, sealed)) {
    if (out->failed) return err_set(err, ERR_MEMORY, "no memory");
    return err_set(err, ERR_INVALID, "the sealed message is not base64");
  }
  size_t len = out->len - before;
  uint8_t *bytes = len ? (uint8_t *)out->ptr + before : NULL;
  Str message = STR("");
  bool ok = false;
  if (len == 0 || len % AES_BLOCK_LEN) {
    err_set(err, ERR_INVALID, "the sealed message is %zu bytes long, which is not a multiple of %d",
            len, AES_BLOCK_LEN);
  } else if (!aes_cbc_decrypt(aes, key, key, bytes, len)) {
    err_set(err, ERR_FAILED, "the sealed message could not be decrypted");
  } else {
    ok = find_message(bytes, len, appid, &message, err);
  }
  if (ok) memmove(out->ptr + before, message.ptr, message.len);
  out->len = before + (ok ? message.len : 0);
  if (out->ptr) out->ptr[out->len] = '\0';
  return ok;
}

// ---- sealing ----

static void write_length(uint8_t *at, uint32_t len) {
  for (int i = 0; i < LENGTH_LEN; i++) at[i] = (uint8_t)(len >> (24 - 8 * i));
}

// Writes the plaintext to `bytes`; its length is padded_len(). False if the system has no random
// bytes.
static bool lay_out(Aes *aes, uint8_t *bytes, Str appid, Str xml, size_t padded) {
  size_t content = PREFIX_LEN + xml.len + appid.len;
  if (!aes_random(aes, bytes, RANDOM_LEN)) return false;
  write_length(bytes + RANDOM_LEN, (uint32_t)xml.len);
  if (xml.len) memcpy(bytes + PREFIX_LEN, xml.ptr, xml.len);
  if (appid.len) memcpy(bytes + PREFIX_LEN + xml.len, appid.ptr, appid.len);
  memset(bytes + content, (int)(padded - content), padded - content);
  return true;
}

// There is always padding: a full block of 32 bytes if the length is a multiple.
static size_t padded_len(Str appid, Str xml) {
  size_t content = PREFIX_LEN + xml.len + appid.len;
  return content + PADDING_UNIT - content % PADDING_UNIT;
}

bool envelope_seal(Aes *aes, const uint8_t key[AES_KEY_LEN], Str appid, Str xml, Buf *out,
                   Err *err) {
  if (xml.len > INT32_MAX || appid.len > INT32_MAX)
    return err_set(err, ERR_TOO_LARGE, "a message of %zu bytes cannot be sealed", xml.len);
  size_t padded = padded_len(appid, xml), text_len = (padded + 2) / 3 * 4;
  // The bytes are encrypted behind the space for their base64 text and its NUL.
  if (!buf_reserve(out, text_len + 1 + padded)) return err_set(err, ERR_MEMORY, "no memory");
  uint8_t *bytes = (uint8_t *)out->ptr + out->len + text_len + 1;
  if (!lay_out(aes, bytes, appid, xml, padded))
    return err_set(err, ERR_FAILED, "the system provides no random bytes");
  if (!aes_cbc_encrypt(aes, key, key, bytes, padded))
    return err_set(err, ERR_FAILED, "the message could not be encrypted");
  base64_encode(out, str_make((const char *)bytes, padded));
  return true;
}

bool envelope_seal_reply(Aes *aes, Digest *digest, const Credential *credential, Str appid, Str xml,
                         int64_t timestamp, Str nonce, Buf *out, Err *err) {
  char hex[SHA1_HEX_LEN + 1], digits[24];
  Buf time = { .ptr = digits, .cap = sizeof digits };
  buf_add_int(&time, timestamp);
  buf_add(out, STR("<xml><Encrypt><![CDATA["));
  size_t from = out->len;
  if (!envelope_seal(aes, credential->key, appid, xml, out, err)) return false;
  Str sealed = str_make(out->ptr + from, out->len - from);
  if (!signature_make(digest, credential->token, buf_str(&time), nonce, &sealed, hex)) {
    return err_set(err, ERR_FAILED, "the reply could not be signed");
  }
  buf_add(out, STR("]]></Encrypt><MsgSignature><![CDATA["));
  buf_add(out, str_make(hex, SHA1_HEX_LEN));
  buf_add(out, STR("]]></MsgSignature><TimeStamp>"));
  buf_add(out, buf_str(&time));
  buf_add(out, STR("</TimeStamp><Nonce>"));
  xml_add_cdata(out, nonce);
  buf_add(out, STR("</Nonce></xml>"));
  return out->failed ? err_set(err, ERR_MEMORY, "no memory") : true;
}

static void add_encrypt(Buf *out, Str sealed) {
  buf_add(out, STR("<Encrypt><![CDATA["));
  buf_add(out, sealed);
  buf_add(out, STR("]]></Encrypt></xml>"));
}

void envelope_wrap_message(Str to_user, Str sealed, Buf *out) {
  buf_add(out, STR("<xml><ToUserName>"));
  xml_add_cdata(out, to_user);
  buf_add(out, STR("</ToUserName>"));
  add_encrypt(out, sealed);
}

bool envelope_wrap_both(Str document, Str sealed, Buf *out, Err *err) {
  Str plain = str_trim(document), end = STR("</xml>");
  if (!str_ends(plain, end)) {
    return err_set(
        err, ERR_INVALID,
        "the message does not end with </xml>, so Encrypt cannot be added to its elements");
  }
  buf_add(out, str_sub(plain, 0, plain.len - end.len));
  add_encrypt(out, sealed);
  return true;
}
