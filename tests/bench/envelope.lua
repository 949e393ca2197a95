-- Digest and envelope for LuaJIT, over OpenSSL by FFI: algorithms fetched once, contexts and buffers kept. The load
-- (wrk) seals with it and the nginx handler opens and seals with it.

local ffi = require "ffi"
local bit = require "bit"

ffi.cdef [[
typedef struct evp_md_st EVP_MD; typedef struct evp_md_ctx_st EVP_MD_CTX;
typedef struct evp_cipher_st EVP_CIPHER; typedef struct evp_cipher_ctx_st EVP_CIPHER_CTX;
EVP_MD *EVP_MD_fetch(void *ctx, const char *algorithm, const char *properties);
EVP_MD_CTX *EVP_MD_CTX_new(void);
int EVP_DigestInit_ex2(EVP_MD_CTX *ctx, const EVP_MD *type, const void *params);
int EVP_DigestUpdate(EVP_MD_CTX *ctx, const void *d, size_t cnt);
int EVP_DigestFinal_ex(EVP_MD_CTX *ctx, unsigned char *md, unsigned int *s);
EVP_CIPHER *EVP_CIPHER_fetch(void *ctx, const char *algorithm, const char *properties);
EVP_CIPHER_CTX *EVP_CIPHER_CTX_new(void);
int EVP_CipherInit_ex2(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, const char *key, const char *iv, int enc, const void *params);
int EVP_CIPHER_CTX_set_padding(EVP_CIPHER_CTX *c, int pad);
int EVP_CipherUpdate(EVP_CIPHER_CTX *ctx, unsigned char *out, int *outl, const char *in, int inl);
int EVP_EncodeBlock(unsigned char *t, const unsigned char *f, int n);
int EVP_DecodeBlock(unsigned char *t, const char *f, int n);
]]

local crypto = ffi.load "libcrypto.so.3"
local sha1_type = crypto.EVP_MD_fetch(nil, "SHA1", nil)
local aes_type = crypto.EVP_CIPHER_fetch(nil, "AES-256-CBC", nil)
local digest, seal_ctx, open_ctx = crypto.EVP_MD_CTX_new(), crypto.EVP_CIPHER_CTX_new(), crypto.EVP_CIPHER_CTX_new()

local SIZE = 65536
local raw, text = ffi.new("unsigned char[?]", SIZE), ffi.new("unsigned char[?]", 2 * SIZE)
local len = ffi.new "int[1]"

local hex_of = {}
for i = 0, 255 do hex_of[i] = string.format("%02x", i) end
local hex = {}

local M = {}

function M.sha1(data)
  crypto.EVP_DigestInit_ex2(digest, sha1_type, nil)
  crypto.EVP_DigestUpdate(digest, data, #data)
  crypto.EVP_DigestFinal_ex(digest, raw, nil)
  for i = 0, 19 do hex[i + 1] = hex_of[raw[i]] end
  return table.concat(hex, "", 1, 20)
end

-- The signature over a few strings: sorted, joined, hashed.
local parts = {}
function M.sign(a, b, c, d)
  parts[1], parts[2], parts[3], parts[4] = a, b, c, d
  table.sort(parts)
  return M.sha1(table.concat(parts))
end

function M.base64_decode(data)
  local n = crypto.EVP_DecodeBlock(text, data, #data)
  if n < 0 then return nil end
  if data:sub(-2) == "==" then n = n - 2 elseif data:sub(-1) == "=" then n = n - 1 end
  return ffi.string(text, n)
end

-- For one key: how to seal XML for an appid, and to open what was sealed for it.
function M.new(key43, appid)
  local key = M.base64_decode(key43 .. "=")
  local iv = key:sub(1, 16)
  local self = {}

  function self.seal(xml, random16)
    local n = #xml
    local size = string.char(bit.rshift(n, 24), bit.band(bit.rshift(n, 16), 255), bit.band(bit.rshift(n, 8), 255), bit.band(n, 255))
    local plain = random16 .. size .. xml .. appid
    local pad = 32 - #plain % 32
    plain = plain .. string.rep(string.char(pad), pad)
    crypto.EVP_CipherInit_ex2(seal_ctx, aes_type, key, iv, 1, nil)
    crypto.EVP_CIPHER_CTX_set_padding(seal_ctx, 0)
    crypto.EVP_CipherUpdate(seal_ctx, raw, len, plain, #plain)
    return ffi.string(text, crypto.EVP_EncodeBlock(text, raw, len[0]))
  end

  -- The XML, or nil for what is no envelope, or another's.
  function self.open(sealed)
    local data = M.base64_decode(sealed)
    if not data or #data < 32 or #data > SIZE then return nil end
    crypto.EVP_CipherInit_ex2(open_ctx, aes_type, key, iv, 0, nil)
    crypto.EVP_CIPHER_CTX_set_padding(open_ctx, 0)
    crypto.EVP_CipherUpdate(open_ctx, raw, len, data, #data)
    local total = len[0]
    local pad = raw[total - 1]
    local n = raw[16] * 16777216 + raw[17] * 65536 + raw[18] * 256 + raw[19]
    if pad < 1 or pad > 32 or 20 + n + #appid ~= total - pad then return nil end
    if ffi.string(raw + 20 + n, #appid) ~= appid then return nil end
    return ffi.string(raw + 20, n)
  end

  return self
end

return M
