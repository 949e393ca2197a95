// Where the socket of the attached prompt is: the bot makes it there, and the prompt looks for it there.
#ifndef WEMOON_CLI_ATTACH_PLACE_H
#define WEMOON_CLI_ATTACH_PLACE_H

#include "bot/attach.h"
#include "cli/config.h"

// Starts the attached prompt of the running bot of `script`. NULL if the configuration wants none, or if the socket
// cannot be made, which is one warning: a bot without a prompt is a bot all the same.
Attach *attach_place_open(const Config *config, const char *script, Bot *bot);
// Whether the bot has one.
bool attach_place_wanted(const Config *config);
// The socket of this process, as the bot beside whose script `script` is makes it: the path of `attach`, else
// wemoon-PID.sock in attach_place_folder. Dead sockets there are taken away.
bool attach_place_own(const Config *config, const char *script, Buf *path, Err *err);
// The path that `attach` names; empty if it names none.
Str attach_place_named(const Config *config);
// The folder of the SQLite file; without one $XDG_RUNTIME_DIR, or /tmp/wemoon-UID, which is made and must be this
// user's alone. `beside`: the script, or the configuration file. Ends with '/'.
bool attach_place_folder(const Config *config, const char *beside, Buf *folder, Err *err);
// Gives `each` the paths of the sockets in the folder.
void attach_place_list(const char *folder, void (*each)(void *ctx, const char *path), void *ctx);
// A connection to the socket at that path; -1 with errno.
int attach_place_connect(const char *path);

#endif
