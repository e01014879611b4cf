#include "snap/client.h"

#include <string.h>

#include "base/base.h"

#define LENGTHS 2u /* of namespace and pod */

bool client_unknown(const struct client *c)
{
	return c->place == PLACE_UNKNOWN && c->namespace_len == 0;
}

static bool same(const char *a, size_t na, const char *b, size_t nb)
{
	return na == nb && (na == 0 || memcmp(a, b, na) == 0);
}

bool client_equal(const struct client *a, const struct client *b)
{
	return a->place == b->place &&
	       same(a->namespace, a->namespace_len, b->namespace, b->namespace_len) &&
	       same(a->pod, a->pod_len, b->pod, b->pod_len);
}

size_t client_node(const struct addr *addr, const struct client *c, uint8_t *out)
{
	struct node_header head = {.name_len = addr->len, .flags = NODE_CLIENT};
	size_t at = sizeof(head) + addr->len; /* a multiple of 4 */
	size_t names = c->namespace_len == 0
	                       ? 0
	                       : LENGTHS + (size_t)c->namespace_len + c->pod_len;
	size_t len = (at + sizeof(c->place) + names + 7) / 8 * 8;

	head.size8 = (uint16_t)(len / 8);
	memset(out, 0, len);
	memcpy(out, &head, sizeof(head));
	memcpy(out + sizeof(head), addr->octets, addr->len);
	memcpy(out + at, &c->place, sizeof(c->place));
	if (names == 0)
		return len;
	at += sizeof(c->place);
	out[at] = c->namespace_len;
	out[at + 1] = c->pod_len;
	memcpy(out + at + LENGTHS, c->namespace, c->namespace_len);
	if (c->pod_len > 0)
		memcpy(out + at + LENGTHS + c->namespace_len, c->pod, c->pod_len);
	return len;
}

/* The place in a node, behind which the names stand; NULL: it is none of a client. */
static const uint8_t *place_in(const struct node_view *v)
{
	if ((v->head->flags & NODE_CLIENT) == 0 ||
		(size_t)(v->end - v->rrsets) < sizeof(uint32_t))
		return NULL;
	return v->rrsets;
}

/* What stands behind the place, if anything does. */
static bool take_names(const uint8_t *at, size_t room, struct client *out)
{
	if (room < LENGTHS)
		return true;
	const uint8_t namespace_len = at[0], pod_len = at[1];
	if (room - LENGTHS < (size_t)namespace_len + pod_len ||
		namespace_len > CLIENT_NAMESPACE_MAX ||
		pod_len > (namespace_len > 0 ? CLIENT_POD_MAX : 0))
		return false;
	out->namespace_len = namespace_len;
	out->pod_len = pod_len;
	out->namespace = (const char *)at + LENGTHS;
	out->pod = out->namespace + namespace_len;
	return true;
}

bool client_of(const struct node_view *v, struct client *out)
{
	const uint8_t *at = place_in(v);
	struct client c = {0};

	*out = c;
	if (at == NULL)
		return false;
	c.place = load_host_u32(at);
	at += sizeof(c.place);
	if (!take_names(at, (size_t)(v->end - at), &c))
		return false;
	*out = c;
	return true;
}

static bool find_node(const struct snap *s, const struct addr *addr, struct node_view *v)
{
	struct snap clients = snap_clients(s);

	if (s->clients == 0 || addr->len == 0)
		return false;
	struct hash128 h = hash_name(&s->key, addr->octets, addr->len);
	return snap_find(&clients, &h, addr->octets, addr->len, v) == LOOKUP_FOUND;
}

bool client_find(const struct snap *s, const struct addr *addr, struct client *out)
{
	struct node_view v;

	*out = (struct client){0};
	return find_node(s, addr, &v) && client_of(&v, out);
}

uint32_t client_place(const struct snap *s, const struct addr *addr)
{
	const uint8_t *at;
	struct node_view v;

	if (!find_node(s, addr, &v) || (at = place_in(&v)) == NULL)
		return PLACE_UNKNOWN;
	return load_host_u32(at);
}
