#include "forwarder/sockname.h"

#include "base/base.h"

static socklen_t fill(const struct addr *a, size_t family_len, uint16_t port,
	uint32_t scope, union sockname *out)
{
	if (family_len == 4) {
		out->v4 = (struct sockaddr_in){
			.sin_family = AF_INET, .sin_port = htons(port)};
		memcpy(&out->v4.sin_addr, a->octets, 4);
		return sizeof(out->v4);
	}
	out->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
		.sin6_port = htons(port),
		.sin6_scope_id = scope};
	memcpy(&out->v6.sin6_addr, a->octets, 16);
	return sizeof(out->v6);
}

socklen_t sockname_upstream(const struct forward_upstream *u, union sockname *out)
{
	return fill(&u->addr, u->addr.len, u->port, u->scope, out);
}

socklen_t sockname_source(const struct forward_group *g, const struct forward_upstream *u,
	uint16_t port, union sockname *out)
{
	static const struct addr any;
	bool ours = g->source.len == u->addr.len;

	return fill(
		ours ? &g->source : &any, u->addr.len, port, ours ? u->scope : 0, out);
}
