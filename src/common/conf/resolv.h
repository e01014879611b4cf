/*
 * resolv.h - the text of a resolv.conf: who resolves names for this machine (FW-03)
 *
 * Only `nameserver` lines count. Pure.
 */
#ifndef CONF_RESOLV_H
#define CONF_RESOLV_H

#include <stddef.h>

#include "conf/conf.h"
#include "dns/addr.h"

#define RESOLV_PORT          53
#define RESOLV_SERVERS_MAX   15
#define RESOLV_INTERFACE_MAX 16 /* octets of an interface's name with its NUL */

struct resolv_server {
	struct addr addr;
	char interface[RESOLV_INTERFACE_MAX]; /* behind "%"; "": none */
	unsigned line;                        /* 1-based */
};

struct resolv {
	struct resolv_server server[RESOLV_SERVERS_MAX];
	size_t n;          /* in the order of the file, each address once */
	size_t more;       /* that there was no room for */
	unsigned bad_line; /* the first line that names no address; 0: none */
};

#define RESOLV_FALLBACK "/run/systemd/resolve/resolv.conf"

/* Never fails, and never trusts its input. */
void resolv_parse(const char *text, size_t len, struct resolv *out);

/*
 * Why the server cannot be asked by one who listens there (FW-04), as far as that can be
 * told without the machine; NULL: nothing speaks against it.
 */
const char *resolv_fault(
	const struct resolv_server *s, const struct conf_listen *listen, size_t n);

#endif
