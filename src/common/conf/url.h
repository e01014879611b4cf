/*
 * url.h - the URL of an API server, and of a proxy on the way to it (WP-08, RO-03)
 *
 * A server's is a scheme (http or https), a host, perhaps a port and a path; query and
 * fragment are dropped. Credentials do not belong into it. Pure.
 */
#ifndef CONF_URL_H
#define CONF_URL_H

#include <stdbool.h>

/*
 * Check the URL of a server and write it anew: scheme and host in lower case, no slash at
 * the end. True with *out owned by the caller and *secure for https; false with *why, how
 * to mend it, which holds nothing of the text.
 */
bool url_server(const char *text, char **out, bool *secure, const char **why);

/*
 * The same for a proxy: http, https or socks5. A user and password may stand in it, so
 * *out is a secret. socks5 becomes socks5h: the proxy resolves names, as with kubectl.
 */
bool url_proxy(const char *text, char **out, const char **why);

/* The URL of a server at a host (name or IP) and a port, https; owned by the caller. */
char *url_of(const char *host, const char *port);

#endif
