// Taking turns on the CPU. Under load there are more connections with a message than cores, each served by a
// thread of its own. A thread that sleeps after its answer has to be woken for the next message, which costs
// as much as the message itself; one that lets the others go first often finds the next message there when
// its turn comes.
#ifndef WEMOON_NET_TURN_H
#define WEMOON_NET_TURN_H

// Once, by each thread that serves: it gets short turns, so that going to the end of the line is not a long
// wait. Where the kernel has no such thing (before Linux 6.12) or does not allow it, turns stay as they are.
void turn_shorten(void);

// After an answer: whoever else can run goes first. Returns at once if there is nobody. On a connection whose
// next request will be long in coming this is one switch more, for nothing.
void turn_pass(void);

#endif
