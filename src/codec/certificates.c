// Parses the file up front: OpenSSL and libcurl report a bad one only when they connect.
#include "codec/certificates.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

static int count_certificates(FILE *file, bool *broken) {
  int count = 0;
  X509 *certificate;
  while ((certificate = PEM_read_X509(file, NULL, NULL, NULL)) != NULL) {
    X509_free(certificate);
    count++;
  }
  *broken = ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE;
  ERR_clear_error();
  return count;
}

bool certificates_check(const char *path, Err *err) {
  FILE *file = fopen(path, "rbe");
  if (!file) return err_set(err, ERR_USAGE, "cannot read %s: %s", path, strerror(errno));
  bool broken = false;
  int count = count_certificates(file, &broken);
  fclose(file);
  if (count == 0)
    return err_set(
        err, ERR_USAGE,
        "%s contains no certificate in PEM form: it must begin with -----BEGIN CERTIFICATE-----",
        path);
  return !broken || err_set(err, ERR_USAGE, "%s: certificate %d is damaged: replace the file", path,
                            count + 1);
}
