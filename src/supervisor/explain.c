/* explain.c - see explain.h */
#include "supervisor/explain.h"

#include <errno.h>
#include <string.h>

#include "supervisor/holder.h"
#include "supervisor/sockets.h"

void explain_bind(enum log_level level, const struct socket_key *key, int error)
{
	const char *proto = key->kind == SOCKET_TCP ? "tcp" : "udp";
	char text[SOCKETS_TEXT_MAX], who[96], quoted[256];

	sockets_text(key, text);
	if (error == -EADDRINUSE)
		log_line(level,
			"port held listen=%s proto=%s holder=%s fix=\"stop it, or "
			"name other addresses or another port in listen\"",
			text, proto,
			log_quote(holder_find(key, who, sizeof(who)), quoted,
				sizeof(quoted)));
	else if (error == -EACCES)
		log_line(level,
			"port not permitted listen=%s fix=\"grant CAP_NET_BIND_SERVICE, "
			"or set "
			"the sysctl net.ipv4.ip_unprivileged_port_start=0, or listen on "
			"a port "
			"above 1023 such as 1053 and let the Service map 53\"",
			text);
	else if (error == -EADDRNOTAVAIL)
		log_line(level,
			"address unknown listen=%s fix=\"no interface has this address: "
			"correct listen, or add the address first\"",
			text);
	else
		log_line(level, "listen failed listen=%s proto=%s error=\"%s\"", proto,
			text, strerror(-error));
}
