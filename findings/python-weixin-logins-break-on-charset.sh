#!/bin/sh
# python3-social-auth-core 4.3.0 and python3-django-allauth 0.51.0 (Debian 12), log-in with WeChat: the platform sends
# /sns/userinfo as text/plain without a charset. requests 2.28.1 takes that for ISO-8859-1, and both libraries undo it
# without looking at what was declared. An answer that is declared rightly (charset=utf-8, or application/json), as a
# gateway, a proxy that adds charsets or a stand-in in a test sends it, is broken by them: the name 微信 becomes the
# twelve ASCII characters \u5fae\u4fe1, which go into the user's row. Test such a log-in with the platform's own header,
# and never "mend" that header on the way.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
# Pinned: the libraries, and all that looks at charsets. The archive drops the others' versions with each security update.
apt-get -q download python3-social-auth-core=4.3.0-1 python3-django-allauth=0.51.0-1 python3-requests=2.28.1+dfsg-1 \
  python3-requests-oauthlib python3-oauthlib python3-urllib3 python3-idna python3-certifi \
  python3-chardet=5.1.0+dfsg-2 python3-charset-normalizer=3.0.1-2 python3-six python3-django python3-asgiref python3-sqlparse python3-tz python3-jwt >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" root; done
cat >run.py <<'END'
import http.server, json, sys, threading
from unittest.mock import patch
import allauth, django, requests, social_core
from django.conf import settings
settings.configure(SECRET_KEY='x', SITE_ID=1, INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes',
    'django.contrib.sites', 'django.contrib.messages', 'allauth', 'allauth.account', 'allauth.socialaccount'])
django.setup()
from allauth.socialaccount.providers.weixin.views import WeixinOAuth2Adapter
from social_core.backends.weixin import WeixinOAuth2

HEADERS = ['text/plain', 'text/plain; charset=utf-8', 'application/json; charset=utf-8', 'application/json']


class Platform(http.server.BaseHTTPRequestHandler):
    header = ''

    def do_GET(self):
        body = json.dumps({'openid': 'o_a', 'nickname': '微信'}, ensure_ascii=False).encode()
        self.send_response(200)
        self.send_header('Content-Type', Platform.header)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Strategy:  # what social_core asks of its web framework
    request_data = staticmethod(dict)
    absolute_uri = staticmethod(lambda path=None: path)
    setting = staticmethod(lambda name, default=None, backend=None: default)


class Provider:
    sociallogin_from_response = staticmethod(lambda request, data: data)


def ask_social_core():
    return WeixinOAuth2(Strategy()).user_data('token', response={'openid': 'o_a'})['nickname']


def ask_allauth():
    adapter = WeixinOAuth2Adapter(None)
    adapter.get_provider = Provider
    token = type('Token', (), {'token': 'token'})
    return adapter.complete_login(None, None, token, response={'openid': 'o_a'})['nickname']


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Platform)
threading.Thread(target=server.serve_forever, daemon=True).start()
send = requests.sessions.Session.request


def send_here(self, method, url, **more):  # the platform's address is in both libraries' code
    return send(self, method, url.replace('https://api.weixin.qq.com', f'http://127.0.0.1:{server.server_port}'), **more)


print(f'social_core {social_core.__version__}, allauth {allauth.__version__}, requests {requests.__version__}')
found = True
with patch.object(requests.sessions.Session, 'request', send_here):
    for Platform.header in HEADERS:
        names = [ask_social_core(), ask_allauth()]
        print(f'{Platform.header}: social_core {names[0]}, allauth {names[1]}')
        found = found and names == ['微信' if Platform.header == 'text/plain' else r'\u5fae\u4fe1'] * 2
print('as found' if found else 'changed')
sys.exit(0 if found else 1)
END
export PYTHONPATH="$dir/root/usr/lib/python3/dist-packages" PYTHONIOENCODING=utf-8
no_proxy='*' /usr/bin/python3 -S run.py
