#include "conf/upstream.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/endpoint.h"

static const char *const later[] = {
	"https://", "quic://", "h3://", "https3://", "grpc://"};

static bool starts(const char **text, const char *prefix)
{
	const size_t n = strlen(prefix);

	if (strncmp(*text, prefix, n) != 0)
		return false;
	*text += n;
	return true;
}

/* Take the scheme off. False with *why. */
static bool take_scheme(const char **text, bool *tls, const char **why)
{
	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		if (starts(text, later[i])) {
			*why = "not offered yet — use \"tls://IP#server.name\"";
			return false;
		}
	}
	*tls = starts(text, "tls://");
	if (!*tls)
		starts(text, "dns://");
	*why = "the scheme is not known — use \"dns://\" or \"tls://\"";
	return strstr(*text, "://") == NULL;
}

/* A name of a host: letters, digits, '-', '_' and dots, and not digits alone. */
static bool take_name(const char *text, struct name *out)
{
	static const char digits[] = "0123456789.";
	static const char octets[] = "0123456789.abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
	struct name n;

	if (text[strspn(text, digits)] == '\0' || text[strspn(text, octets)] != '\0' ||
		name_parse(text, &n) < 0)
		return false;
	out->len = n.len;
	name_fold(out->wire, n.wire, n.len);
	return true;
}

/* FW-21: what can be no server. */
static bool check_address(const struct addr *a, bool interface, const char **why)
{
	*why = "that is no address of one machine — write one that is";
	if (endpoint_nowhere(a))
		return false;
	*why = interface ? "that is not link-local — leave out the interface"
	                 : "that is link-local — add its interface: \"fe80::1%eth0\"";
	return endpoint_link_local(a) == interface;
}

static bool take_host(char *host, struct conf_upstream *out,
	char interface[UPSTREAM_INTERFACE_MAX], const char **why)
{
	char *percent = strchr(host, '%');

	if (percent != NULL)
		*percent++ = '\0';
	if (addr_parse(host, strlen(host), &out->addr)) {
		*why = "the interface's name is too long";
		if (percent != NULL && strlen(percent) >= UPSTREAM_INTERFACE_MAX)
			return false;
		if (percent != NULL)
			memcpy(interface, percent, strlen(percent) + 1);
		return check_address(&out->addr, percent != NULL, why);
	}
	*why = "write IP, IP:port, [IPv6]:port, tls://IP#server.name, a host name, or "
	       "the path of a resolv.conf";
	out->kind = CONF_UPSTREAM_HOST;
	return percent == NULL && take_name(host, &out->host);
}

/* What stands behind the scheme: host, port, name of the certificate. */
static bool take_server(char *text, struct conf_upstream *out,
	char interface[UPSTREAM_INTERFACE_MAX], const char **why)
{
	char *server = strchr(text, '#'), *host, *port;

	if (server != NULL)
		*server++ = '\0';
	if (!endpoint_split(text, &host, &port)) {
		*why = "brackets stand around IPv6 addresses: \"[2001:db8::1]:53\"";
		return false;
	}
	if (port != NULL && !endpoint_port(port, &out->port)) {
		*why = "no port from 1 to 65535 — write for example \"10.0.0.1:53\"";
		return false;
	}
	if (!take_host(host, out, interface, why))
		return false;
	if (server != NULL && !out->tls) {
		*why = "a name of a certificate stands behind tls:// only";
		return false;
	}
	*why = "behind \"#\" stands the name in the certificate, such as \"dns.example\"";
	if (server != NULL)
		return take_name(server, &out->server);
	if (out->tls && out->kind == CONF_UPSTREAM_HOST)
		out->server = out->host;
	return true;
}

bool upstream_parse(const char *text, struct conf_upstream *out,
	char interface[UPSTREAM_INTERFACE_MAX], const char **why)
{
	struct conf_upstream u = {0};
	const char *rest = text;

	interface[0] = '\0';
	if (!take_scheme(&rest, &u.tls, why))
		return false;
	if (rest == text && strchr(text, '/') != NULL) {
		u.kind = CONF_UPSTREAM_FILE;
		u.path = mem_dup(text, strlen(text));
		*out = u;
		return true;
	}
	char *copy = mem_dup(rest, strlen(rest));
	const bool ok = take_server(copy, &u, interface, why);
	free(copy);
	if (ok)
		*out = u;
	return ok;
}

bool upstream_same(const struct conf_upstream *a, const struct conf_upstream *b)
{
	if (a->kind != b->kind || a->port != b->port || a->tls != b->tls ||
		a->scope != b->scope)
		return false;
	if (a->kind == CONF_UPSTREAM_FILE)
		return strcmp(a->path, b->path) == 0;
	if (a->kind == CONF_UPSTREAM_ADDRESS)
		return addr_compare(&a->addr, &b->addr) == 0;
	return name_equal(a->host.wire, a->host.len, b->host.wire, b->host.len);
}
