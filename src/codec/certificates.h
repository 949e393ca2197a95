// Certificates that somebody trusts, in a file.
#ifndef WEMOON_CODEC_CERTIFICATES_H
#define WEMOON_CODEC_CERTIFICATES_H

#include "base/err.h"

// Whether the file can be read and holds at least one certificate, all of them in PEM. ERR_USAGE: `err` says why
// not.
bool certificates_check(const char *path, Err *err);

#endif
