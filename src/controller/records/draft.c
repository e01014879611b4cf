#include "controller/records/draft.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#define SUBDOMAIN_MAX 253

void draft_reset(struct draft *d)
{
	d->octets.len = 0;
	d->n = 0;
	d->has_body = false;
	d->client.len = 0;
	d->known = (struct client){0};
	d->skipped = 0;
	d->largest = 0;
	body_reset(&d->body);
}

void draft_fini(struct draft *d)
{
	mem_buf_fini(&d->octets);
	free(d->nodes);
	body_fini(&d->body);
	node_builder_fini(&d->node);
	*d = (struct draft){.key = d->key};
}

void draft_skip(struct draft *d, enum skip_reason why)
{
	d->skipped = (uint8_t)(d->skipped | 1u << why);
}

void draft_count(struct draft *d, size_t stand, size_t wanted)
{
	if (stand < wanted)
		draft_skip(d, SKIP_SIZE);
}

static bool is_host(
	const struct draft *d, const struct record_options *o, const struct name *name)
{
	if (o->hosts == NULL)
		return false;
	struct hash128 h = hash_name(&d->key, name->wire, name->len);
	return hostset_has(o->hosts, &h);
}

bool draft_begin(struct draft *d, const struct record_options *o, const struct name *name,
	unsigned zone, uint8_t flags)
{
	if ((flags & NODE_HOSTS) == 0 && o->nested[zone] &&
		settings_zone(&o->settings, name->wire, name->len) != (int)zone)
		return false;
	if ((flags & (NODE_HOSTS | NODE_APEX)) == 0 && is_host(d, o, name))
		return false;
	d->name = *name;
	d->zone = (uint8_t)zone;
	node_begin(&d->node, name, (uint8_t)zone, flags);
	return true;
}

void draft_end(struct draft *d)
{
	size_t len;
	const uint8_t *octets = node_finish(&d->node, &len);

	if (octets == NULL) {
		draft_skip(d, SKIP_SIZE);
		return;
	}
	if (d->n == d->cap) {
		d->cap = d->cap == 0 ? 16 : d->cap * 2;
		d->nodes = mem_resize(d->nodes, d->cap, sizeof(*d->nodes));
	}
	d->nodes[d->n++] = (struct draft_node){
		.hash = hash_name(&d->key, d->name.wire, d->name.len),
		.at = d->octets.len,
		.len = len,
		.zone = d->zone,
		.uses_body = d->node.uses_body,
	};
	if (d->node.uses_body)
		d->has_body = true;
	mem_buf_put(&d->octets, octets, len);
}

const uint8_t *draft_name(const struct draft *d, const struct draft_node *n, size_t *len)
{
	struct node_header head;

	memcpy(&head, d->octets.data + n->at, sizeof(head));
	*len = head.name_len;
	return d->octets.data + n->at + sizeof(head);
}

const char *draft_skip_text(enum skip_reason why)
{
	static const char *const text[] = {
		"name", "address", "ip_literal", "fqdn_slice", "size", "target"};

	return (size_t)why < ARRAY_LEN(text) ? text[why] : "";
}

static bool letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_label(const char *s, size_t n)
{
	if (n == 0 || n > LABEL_MAX_LEN || !letter_or_digit(s[0]) ||
		!letter_or_digit(s[n - 1]))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!letter_or_digit(s[i]) && s[i] != '-')
			return false;
	return true;
}

bool draft_label(const char *s)
{
	return is_label(s, strlen(s));
}

bool draft_subdomain(const char *s)
{
	if (strlen(s) > SUBDOMAIN_MAX)
		return false;
	for (;;) {
		const size_t n = strcspn(s, ".");

		if (!is_label(s, n))
			return false;
		if (s[n] == '\0')
			return true;
		s += n + 1;
	}
}
