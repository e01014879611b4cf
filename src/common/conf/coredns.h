/*
 * coredns.h - words of CoreDNS's Corefile, for people who come from there (OP-28)
 */
#ifndef CONF_COREDNS_H
#define CONF_COREDNS_H

#include <stdbool.h>
#include <stddef.h>

/* True if the word begins a line of a Corefile: the name of a plugin. */
bool coredns_directive(const char *word, size_t len);

/*
 * What a setting of that path, unknown to us, is with us, such as `write edns.max_udp`;
 * NULL if CoreDNS does not know it either.
 */
const char *coredns_translate(const char *path);

/* The value of ours for a value of CoreDNS's at a path of ours; NULL: no such value. */
const char *coredns_value(const char *path, const char *value);

#endif
