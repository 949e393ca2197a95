// The world of world.h with the real host: `wechat` is what scripts see.
#ifndef WEMOON_TESTS_HOST_WORLD_H
#define WEMOON_TESTS_HOST_WORLD_H

#include "host/host.h"

#define WORLD_HOST host_open
#include "world.h"

#endif
