"""The portal under attack, from outside: real processes, real sockets, no knowledge of the code."""
