// Keys of terminals that libedit does not know.
#ifndef WEMOON_CLI_PROMPT_KEYS_H
#define WEMOON_CLI_PROMPT_KEYS_H

#include <histedit.h>

// Binds what the keys send, with modifiers too, to what libedit can do; a key that does nothing types nothing.
void prompt_bind_keys(EditLine *edit);

#endif
