// OpenSSL between two buffers; redis_link has the socket, its deadlines and SIGPIPE.
#include "store/redis_tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

struct RedisTls {
  SSL_CTX *context;
  SSL *ssl;
  BIO *in, *out;  // the SSL's own
  unsigned long error;
};

static bool trust(SSL_CTX *context, const char *ca_file, Err *err) {
  if (!ca_file || !ca_file[0]) return SSL_CTX_set_default_verify_paths(context) == 1;
  if (SSL_CTX_load_verify_locations(context, ca_file, NULL) == 1) return true;
  ERR_clear_error();
  return err_set(err, ERR_USAGE, "store: ca_file %s holds no certificates that OpenSSL can read",
                 ca_file);
}

static bool is_address(const char *host) {
  struct in6_addr parsed;
  return inet_pton(AF_INET, host, &parsed) == 1 || inet_pton(AF_INET6, host, &parsed) == 1;
}

// An IP address is compared with the certificate's addresses, and is not sent as SNI.
static bool expect_host(SSL *ssl, const char *host) {
  if (is_address(host)) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
  return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

static bool make_ssl(RedisTls *tls, const char *host) {
  tls->ssl = SSL_new(tls->context);
  tls->in = BIO_new(BIO_s_mem());
  tls->out = BIO_new(BIO_s_mem());
  if (!tls->ssl || !tls->in || !tls->out) {
    BIO_free(tls->in);
    BIO_free(tls->out);
    return false;
  }
  SSL_set_bio(tls->ssl, tls->in, tls->out);
  SSL_set_connect_state(tls->ssl);
  return expect_host(tls->ssl, host);
}

RedisTls *redis_tls_new(const char *host, const char *ca_file, Err *err) {
  err_set(err, ERR_MEMORY, "store: no memory for TLS");
  RedisTls *tls = calloc(1, sizeof *tls);
  if (tls) tls->context = SSL_CTX_new(TLS_client_method());
  if (tls && tls->context) {
    SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION);
    SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
    if (trust(tls->context, ca_file, err) && make_ssl(tls, host)) return tls;
  }
  redis_tls_free(tls);
  return NULL;
}

void redis_tls_free(RedisTls *tls) {
  if (!tls) return;
  SSL_free(tls->ssl);
  SSL_CTX_free(tls->context);
  free(tls);
}

bool redis_tls_feed(RedisTls *tls, Str bytes) {
  return BIO_write(tls->in, bytes.ptr, (int)bytes.len) == (int)bytes.len;
}

static void drain(RedisTls *tls, Buf *out) {
  char *bytes;
  long len = BIO_get_mem_data(tls->out, &bytes);
  if (len > 0) buf_add(out, str_make(bytes, (size_t)len));
  (void)BIO_reset(tls->out);
}

// The state after a call that returned `code`.
static RedisTlsResult result_of(RedisTls *tls, int code, Buf *out) {
  int error = code > 0 ? SSL_ERROR_NONE : SSL_get_error(tls->ssl, code);
  if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ) tls->error = ERR_peek_error();
  ERR_clear_error();
  drain(tls, out);
  if (error == SSL_ERROR_NONE) return REDIS_TLS_DONE;
  if (error == SSL_ERROR_WANT_READ) return REDIS_TLS_MORE;
  return error == SSL_ERROR_ZERO_RETURN ? REDIS_TLS_CLOSED : REDIS_TLS_FAILED;
}

RedisTlsResult redis_tls_greet(RedisTls *tls, Buf *out) {
  ERR_clear_error();
  return result_of(tls, SSL_do_handshake(tls->ssl), out);
}

RedisTlsResult redis_tls_write(RedisTls *tls, Str plain, Buf *out) {
  size_t written;
  ERR_clear_error();
  if (plain.len == 0) return REDIS_TLS_DONE;
  return result_of(tls, SSL_write_ex(tls->ssl, plain.ptr, plain.len, &written), out);
}

RedisTlsResult redis_tls_read(RedisTls *tls, char *into, size_t size, size_t *got, Buf *out) {
  ERR_clear_error();
  *got = 0;
  return result_of(tls, SSL_read_ex(tls->ssl, into, size, got), out);
}

void redis_tls_why(RedisTls *tls, char *text, size_t size) {
  long verified = SSL_get_verify_result(tls->ssl);
  const char *reason = ERR_reason_error_string(tls->error);
  if (verified != X509_V_OK)
    snprintf(text, size, "its certificate is refused: %s", X509_verify_cert_error_string(verified));
  else if (ERR_GET_REASON(tls->error) == SSL_R_WRONG_VERSION_NUMBER)
    snprintf(text, size, "it does not speak TLS (redis:// is without TLS)");
  else snprintf(text, size, "TLS failed: %s", reason ? reason : "the connection ended");
}
