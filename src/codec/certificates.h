// Checks a file of trusted certificates.
#ifndef WEMOON_CODEC_CERTIFICATES_H
#define WEMOON_CODEC_CERTIFICATES_H

#include "base/err.h"

// True if the file can be read and holds one or more certificates, all in PEM. Else ERR_USAGE with the reason.
bool certificates_check(const char *path, Err *err);

#endif
