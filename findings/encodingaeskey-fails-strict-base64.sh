#!/bin/sh
# The platform's EncodingAESKey is 43 letters and digits, which with "=" behind them are the base64 of an AES key of 32 bytes.
# 43 characters hold two bits more than 32 bytes need. Base64 (RFC 4648, 3.5) wants such bits to be 0 and lets a decoder refuse
# others; the platform's keys do not heed it: that of Tencent's own sample code ends in "C", where only "A" would do. Of the 62
# characters that a key may end in, 46 are refused by libsodium 1.0.18, nettle 3.8.1 and GnuTLS 3.7.9 (Debian 12) and by npm
# @scure/base 1.2.6; OpenSSL 3.0, mbed TLS 2.28.3, Python 3.11 (strict_mode too) and Node take all. One bot works, the next one's
# key is "invalid", and a new key from the platform may mend it or break it. Who decodes strictly puts the right last character
# there first; and a key that was decoded and written again is another text than the one that the operator sees at the platform.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get -q download libsodium23=1.0.18-1+deb12u1 libnettle8=3.8.1-2 libgnutls30=3.7.9-2+deb12u7 libmbedcrypto7=2.28.3-1 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" root; done
npm init -y >/dev/null
npm install --silent --no-progress --no-audit --no-fund @scure/base@1.2.6
cat >run.js <<'END'
// Of the keys in argv: what @scure/base and Node decode them to, "-" for refused.
const { base64 } = require('@scure/base');
const strict = (key) => { try { return Buffer.from(base64.decode(key)).toString('hex'); } catch { return '-'; } };
for (const key of process.argv.slice(2)) console.log(strict(key), Buffer.from(key, 'base64').toString('hex'));
END
cat >run.py <<'END'
import base64, binascii, ctypes, string, subprocess
from ctypes import POINTER, byref, c_int, c_size_t, c_ubyte, c_uint, cast, create_string_buffer

EXAMPLE = 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C'
KEYS = [EXAMPLE[:42] + last for last in string.ascii_letters + string.digits]


class Datum(ctypes.Structure):
    _fields_ = [('data', POINTER(c_ubyte)), ('size', c_uint)]


def sodium(text, out, size):
    return ctypes.CDLL('libsodium.so.23').sodium_base642bin(out, size, text, c_size_t(len(text)), None, byref(size), None, 1) == 0


def nettle(text, out, size):
    library, context = ctypes.CDLL('libnettle.so.8'), create_string_buffer(64)
    library.nettle_base64_decode_init(context)
    return (library.nettle_base64_decode_update(context, byref(size), out, c_size_t(len(text)), text) == 1
            and library.nettle_base64_decode_final(context) == 1)


def gnutls(text, out, size):
    taken, given = Datum(cast(text, POINTER(c_ubyte)), len(text)), Datum()
    if ctypes.CDLL('libgnutls.so.30').gnutls_base64_decode2(byref(taken), byref(given)) != 0:
        return False
    out.raw, size.value = bytes(given.data[:given.size]), given.size
    return True


def mbedtls(text, out, size):
    return ctypes.CDLL('libmbedcrypto.so.7').mbedtls_base64_decode(out, size, byref(size), text, c_size_t(len(text))) == 0


def openssl(text, out, size):
    size.value = 32  # EVP_DecodeBlock counts the padding in
    return ctypes.CDLL('libcrypto.so.3').EVP_DecodeBlock(out, text, c_int(len(text))) == 33


def c_library(decode):
    def hexadecimal(key):
        out, size = create_string_buffer(64), c_size_t(64)
        return out.raw[:size.value].hex() if decode((key + '=').encode(), out, size) else '-'
    return [hexadecimal(key) for key in KEYS]


def python(key):
    try:
        return binascii.a2b_base64(key + '=', strict_mode=True).hex()
    except binascii.Error:
        return '-'


node = subprocess.run(['node', 'run.js'] + [key + '=' for key in KEYS], stdout=subprocess.PIPE, check=True, text=True).stdout
columns = list(zip(*(line.split() for line in node.splitlines())))
decoded = {'libsodium': c_library(sodium), 'nettle': c_library(nettle), 'GnuTLS': c_library(gnutls), '@scure/base': columns[0],
           'OpenSSL': c_library(openssl), 'mbed TLS': c_library(mbedtls), 'Python': [python(key) for key in KEYS], 'Node': columns[1]}
for name, all_keys in decoded.items():
    print(f'{name}: the example {"refused" if all_keys[KEYS.index(EXAMPLE)] == "-" else "taken"}, '
          f'{sum(one != "-" for one in all_keys)} of {len(KEYS)} last characters taken')
agree = all(len({column[i] for column in decoded.values()} - {'-'}) == 1 for i in range(len(KEYS)))
print(f'those that take a key {"agree" if agree else "do not agree"} on its bytes')
again = base64.b64encode(bytes.fromhex(columns[1][KEYS.index(EXAMPLE)])).decode()
print(f'the example ends in {EXAMPLE[-4:]}, written again in {again[-5:-1]}')
END
echo "libsodium 1.0.18, nettle 3.8.1, GnuTLS 3.7.9, mbed TLS 2.28.3, @scure/base 1.2.6 (installed here);" \
  "$(/usr/bin/python3 --version) with $(/usr/bin/python3 -c 'import ssl; print(ssl.OPENSSL_VERSION)'), Node $(node --version) (this machine's)"
LD_LIBRARY_PATH="$dir/root/usr/lib/$(uname -m)-linux-gnu" /usr/bin/python3 run.py | tee seen
cat >expected <<'END'
libsodium: the example refused, 16 of 62 last characters taken
nettle: the example refused, 16 of 62 last characters taken
GnuTLS: the example refused, 16 of 62 last characters taken
@scure/base: the example refused, 16 of 62 last characters taken
OpenSSL: the example taken, 62 of 62 last characters taken
mbed TLS: the example taken, 62 of 62 last characters taken
Python: the example taken, 62 of 62 last characters taken
Node: the example taken, 62 of 62 last characters taken
those that take a key agree on its bytes
the example ends in 2B2C, written again in 2B2A
END
if cmp -s seen expected; then echo "as found"; else echo "changed"; exit 1; fi
