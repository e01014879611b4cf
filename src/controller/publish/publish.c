#include "controller/publish/publisher.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base.h"
#include "controller/publish/compact.h"
#include "snap/entry.h"
#include "snap/segment.h"

/*
 * Address space costs nothing and readers touch no more than what a root says is used, so
 * the capacity is far above the live part: a segment fills up with garbage only.
 */
#define CAPACITY_MIN (UINT64_C(1) << 30)

/* ---- room ---- */

uint64_t publisher_garbage(const struct arena *a)
{
	return a->used - SEGMENT_FIRST - a->live;
}

uint64_t publisher_copy_room(const struct arena *a)
{
	return a->live + a->live / 4;
}

void publisher_reserve(struct publisher *p)
{
	struct arena *a = p->arena;
	uint64_t copied = p->to != NULL ? p->to->used : 0;
	bool on = !p->bulk && !p->short_of_room && p->published.base != NULL &&
	          publisher_garbage(a) > SEGMENT_STEP && copied < publisher_copy_room(a);

	a->reserve = on ? publisher_copy_room(a) - copied : 0;
}

/* Passes a result on; a growth that failed not for the reserve means a lack of memory. */
static int note_room(struct publisher *p, int ret)
{
	if (ret == -ENOSPC && (p->arena == NULL || p->arena->reserve == 0))
		p->short_of_room = true;
	return ret;
}

/* ---- segments ---- */

int publisher_new_segment(
	struct publisher *p, uint64_t live, struct arena **a, uint64_t *number)
{
	uint64_t n = board_load(&p->board->last_segment) + 1;
	uint64_t capacity = MAX(CAPACITY_MIN, 4 * live);
	int ret;

	board_store(&p->board->last_segment, n);
	ret = segment_create(p->instance, n, capacity, &p->key, a);
	if (ret == 0)
		*number = n;
	return ret;
}

void publisher_discard(struct publisher *p, struct arena *a, uint64_t number)
{
	if (board_load(&p->board->building) == number)
		board_store(&p->board->building, 0);
	segment_unlink(p->instance, number);
	segment_writer_close(a);
}

/* Readers may be in it: it is unlinked a while after the board has left it. */
static void retire(struct publisher *p)
{
	if (p->arena == NULL)
		return;
	if (p->published.base == NULL) {
		publisher_discard(p, p->arena, p->segment);
	} else {
		if (p->nretired == ARRAY_LEN(p->retired)) {
			publisher_discard(p, p->retired[0].arena, p->retired[0].number);
			p->nretired--;
			memmove(p->retired, p->retired + 1,
				p->nretired * sizeof(p->retired[0]));
		}
		p->retired[p->nretired++] = (struct retired){p->arena, p->segment, 0};
	}
	p->arena = NULL;
}

void publisher_enter(struct publisher *p, struct arena *a, uint64_t number,
	uint64_t names, uint64_t clients)
{
	retire(p);
	p->arena = a;
	p->segment = number;
	p->names.trie = names;
	p->clients.trie = clients;
	p->published = (struct snap){0};
	p->settings_ref = 0;
	p->settings_octets = 0;
	p->nchanges = 0;
	p->audit_part = 0;
}

/* The board of a predecessor, or a new one. */
static int open_board(struct publisher *p)
{
	int ret = segment_board_adopt(p->instance, &p->board);

	if (ret == -ENOENT || ret == -EBADMSG) {
		/* Stat pages stay: they are the supervisor's. */
		segment_remove_range(p->instance, 0, UINT64_MAX);
		if (ret == -EBADMSG)
			segment_board_unlink(p->instance);
		return segment_board_create(p->instance, &p->board);
	}
	if (ret < 0)
		return ret;
	/* Go on past everything that the predecessor may have begun (successor rule). */
	uint64_t current = BOARD_SEGMENT(board_load(&p->board->word));
	uint64_t last = MAX(board_load(&p->board->last_segment), current);
	board_store(&p->board->building, 0);
	board_store(&p->board->last_segment, last);
	segment_remove_range(p->instance, current + 1, UINT64_MAX);
	/*
	 * What its own predecessors left goes now: in a crash
	 * loop nobody lives so long.
	 */
	if (current > 0)
		segment_remove_range(p->instance, 0, current - 1);
	p->predecessors = true;
	p->generation = board_load(&p->board->generation);
	p->serial = (uint32_t)board_load(&p->board->serial);
	return 0;
}

void publish_resume(struct publisher *p, uint64_t generation, uint64_t serial)
{
	/* Whoever wrote such a number has not counted. */
	if (generation > p->generation && generation < UINT64_MAX / 2)
		p->generation = generation;
	if (p->serial == 0)
		p->serial = (uint32_t)serial;
}

int publish_open(const char *instance, struct publisher **out)
{
	struct publisher *p = mem_alloc(1, sizeof(*p));
	int ret = segment_lock(instance, &p->lock);

	if (ret < 0) {
		free(p);
		return ret;
	}
	strncpy(p->instance, instance, sizeof(p->instance) - 1);
	ret = open_board(p);
	if (ret == 0) {
		p->key = (struct hash_key){p->board->key0, p->board->key1, UINT64_MAX};
		board_store(&p->board->controller_pid, (uint64_t)getpid());
		ret = publish_restart(p);
	}
	if (ret < 0)
		publish_close(p);
	else
		*out = p;
	return ret;
}

void publish_close(struct publisher *p)
{
	publisher_stop_compaction(p);
	for (unsigned i = 0; i < p->nretired; i++)
		segment_writer_close(p->retired[i].arena);
	if (p->arena != NULL)
		segment_writer_close(p->arena);
	segment_board_unmap(p->board);
	close(p->lock);
	free(p->settings);
	free(p->names.leaves);
	free(p->clients.leaves);
	free(p->changes);
	reclaim_fini(&p->reclaim);
	free(p);
}

/* Back to what is published: nobody has seen the rest, and it may take much memory. */
static void roll_back(struct publisher *p)
{
	segment_trim(p->arena, p->published.used);
	p->arena->live = p->published.live;
	p->arena->names = p->published.names;
	p->names.trie = p->published.trie;
	p->clients.trie = p->published.clients;
	p->settings_ref = 0;
	p->names.nleaves = p->clients.nleaves = p->nchanges = 0;
}

int publish_restart(struct publisher *p)
{
	struct arena *a;
	uint64_t number = 0;

	publisher_stop_compaction(p);
	uint64_t live = p->arena != NULL ? p->arena->live : 0;
	if (p->published.base != NULL)
		roll_back(p);
	int ret = note_room(p, publisher_new_segment(p, live, &a, &number));
	if (ret < 0)
		return ret;
	publisher_enter(p, a, number, 0, 0);
	p->added = p->changed = p->removed = 0;
	p->compact_done_ns = 0;
	return 0;
}

const struct hash_key *publish_key(const struct publisher *p)
{
	return &p->key;
}

/* ---- changes ---- */

uint64_t publish_names(const struct publisher *p)
{
	return p->bulk ? trie_names(p->arena, p->names.leaves, p->names.nleaves)
	               : p->arena->names;
}

int publish_settings(struct publisher *p, const struct settings *s)
{
	uint8_t *octets = mem_alloc(1, SETTINGS_OCTETS_MAX);

	free(p->settings);
	p->settings_len = settings_encode(s, octets);
	p->settings = octets;
	p->settings_number = s->number;
	p->settings_ref = 0;
	return 0;
}

void publish_bulk(struct publisher *p)
{
	publisher_stop_compaction(p);
	p->bulk = true;
	p->names.trie = p->clients.trie = 0;
	p->names.nleaves = p->clients.nleaves = p->nchanges = 0;
	p->arena->names = 0;
	publisher_reserve(p);
	p->arena->live = p->settings_octets +
	                 (p->published.base != NULL ? sizeof(struct root) : 0);
}

int publish_body(struct publisher *p, const uint8_t *body, size_t len, uint32_t *ref)
{
	return note_room(p, arena_octets(p->arena, body, len, ref));
}

static void note(struct publisher *p, uint64_t leaf, bool removed)
{
	if (p->nchanges == p->changes_room) {
		p->changes_room = MAX(64, 2 * p->changes_room);
		p->changes = mem_resize(p->changes, p->changes_room, sizeof(*p->changes));
	}
	p->changes[p->nchanges++] = (struct change){leaf, removed};
}

/* A node that was put since the last commit is replaced or removed: forget that. */
static void overtake(struct publisher *p, const struct node_view *v)
{
	uint64_t at = (uint64_t)((const uint8_t *)v->head - p->arena->base);

	if (at < p->published.used)
		return;
	for (size_t i = p->nchanges; i-- > 0;)
		if (entry_at(p->changes[i].leaf) == at)
			p->changes[i].leaf = 0;
}

static void add_leaf(struct working *w, uint64_t path, uint64_t leaf)
{
	if (w->nleaves == w->leaves_room) {
		w->leaves_room = MAX(1024, 2 * w->leaves_room);
		w->leaves = mem_resize(w->leaves, w->leaves_room, sizeof(*w->leaves));
	}
	w->leaves[w->nleaves++] = (struct trie_leaf){path, leaf};
}

void publisher_snap(const struct publisher *p, struct snap *out)
{
	arena_snap(p->arena, p->names.trie, out);
	out->clients = p->clients.trie;
}

static enum lookup find(const struct publisher *p, const struct working *w,
	const struct hash128 *h, const uint8_t *name, size_t len, struct node_view *v)
{
	struct snap s;

	arena_snap(p->arena, w->trie, &s);
	return snap_find(&s, h, name, len, v);
}

enum lookup publish_find(const struct publisher *p, const struct hash128 *h,
	const uint8_t *name, size_t len, struct node_view *v)
{
	return find(p, &p->names, h, name, len, v);
}

bool publish_find_client(
	const struct publisher *p, const struct addr *addr, struct client *out)
{
	struct snap s;

	publisher_snap(p, &s);
	return client_find(&s, addr, out);
}

void publisher_count(struct publisher *p, bool was, bool is)
{
	p->added += !was && is;
	p->changed += was && is;
	p->removed += was && !is;
}

/* Put a node into one of the tries. *was_name: it replaces one that is a name. */
static int put(struct publisher *p, struct working *w, const struct hash128 *h,
	const uint8_t *node, size_t len, uint32_t body_ref, bool *was_name)
{
	const struct node_header *head = (const void *)node;
	const uint8_t *name = node + sizeof(*head);
	struct node_view old;
	uint64_t leaf;
	int ret = note_room(p, arena_node(p->arena, h, node, len, body_ref, &leaf));

	*was_name = false;
	if (ret < 0)
		return ret;
	if (p->bulk) {
		add_leaf(w, h->path, leaf);
		return 0;
	}
	bool found = find(p, w, h, name, head->name_len, &old) == LOOKUP_FOUND;
	ret = note_room(p, trie_put(p->arena, &w->trie, h, leaf));
	if (ret < 0) {
		p->arena->live -= len; /* garbage from the start */
		return ret;
	}
	if (found) {
		*was_name = node_is_name(&old);
		overtake(p, &old);
	}
	note(p, leaf, false);
	return 0;
}

static int take_away(struct publisher *p, struct working *w, const struct hash128 *h,
	const uint8_t *name, size_t len)
{
	struct node_view old;
	bool found = find(p, w, h, name, len, &old) == LOOKUP_FOUND;
	int ret = note_room(p, trie_remove(p->arena, &w->trie, h, name, len));

	if (ret < 0 || !found)
		return ret;
	overtake(p, &old);
	note(p,
		entry_make((uint64_t)((const uint8_t *)old.head - p->arena->base),
			ENTRY_NODE, 0),
		true);
	return 0;
}

int publish_put(struct publisher *p, const struct hash128 *h, const uint8_t *node,
	size_t len, uint32_t body_ref)
{
	const struct node_header *head = (const void *)node;
	bool was_name;
	int ret = put(p, &p->names, h, node, len, body_ref, &was_name);

	if (ret == 0)
		publisher_count(p, was_name, head->name_len > 0);
	return ret;
}

int publish_remove(
	struct publisher *p, const struct hash128 *h, const uint8_t *name, size_t len)
{
	int ret = take_away(p, &p->names, h, name, len);

	if (ret == 0)
		publisher_count(p, name != NULL, false);
	return ret;
}

int publish_client(
	struct publisher *p, const struct addr *addr, const struct client *client)
{
	struct hash128 h = hash_name(&p->key, addr->octets, addr->len);
	_Alignas(8) uint8_t node[CLIENT_NODE_MAX];
	bool was_name;

	if (client_unknown(client))
		return take_away(p, &p->clients, &h, addr->octets, addr->len);
	return put(
		p, &p->clients, &h, node, client_node(addr, client, node), 0, &was_name);
}

/* ---- commit ---- */

/* Put the settings into this segment, unless they are there. */
static int place_settings(struct publisher *p)
{
	struct settings_header head = {
		.octets = (uint32_t)p->settings_len,
		.number = p->settings_number,
	};
	size_t len = sizeof(head) + p->settings_len;
	uint8_t *block;

	if (p->settings_ref != 0 || p->settings == NULL)
		return p->settings == NULL ? -EINVAL : 0;
	block = mem_alloc(1, len);
	memcpy(block + sizeof(head), p->settings, p->settings_len);
	memcpy(block, &head, sizeof(head));
	head.check = hash_check(block + 4, len - 4);
	memcpy(block, &head, sizeof(head));
	int ret = arena_octets(p->arena, block, len, &p->settings_ref);
	free(block);
	if (ret == 0) {
		p->arena->live -= p->settings_octets;
		p->settings_octets = round_up(len, 8);
	}
	return ret;
}

/* Append the root; *ref names it. */
static int place_root(struct publisher *p, enum root_cause cause, bool complete,
	uint64_t wall_ns, uint32_t *ref)
{
	struct arena *a = p->arena;
	bool first = p->published.base == NULL;
	struct root root = {
		.size = sizeof(root),
		.generation = p->generation + 1,
		.used = a->used + sizeof(root),
		.time_ns = wall_ns,
		.trie = p->names.trie,
		.clients = p->clients.trie,
		.names = a->names,
		.live = a->live + (first ? sizeof(root) : 0),
		.settings = p->settings_ref,
		.previous = p->published.root,
		.serial = p->serial,
		.cause = (uint16_t)cause,
		.flags = complete ? ROOT_COMPLETE : 0,
	};
	root.check = hash_check(&root.size, sizeof(root) - sizeof(root.check));
	int ret = arena_octets(a, &root, sizeof(root), ref);
	if (ret == 0 && !first)
		a->live -= sizeof(root); /* the root before it: history, but garbage */
	return ret;
}

/* Look one changed name up as a worker would, in what is about to be published. */
static bool change_holds(const struct snap *published, uint64_t leaf, bool removed)
{
	const struct snap clients = snap_clients(published), *s = published;
	struct node_view own, found;
	struct hash128 h;

	if (!node_view(s->base, s->used, (uint32_t)leaf, &own))
		return false;
	if ((own.head->flags & NODE_CLIENT) != 0)
		s = &clients;
	if (own.name != NULL)
		h = hash_name(&s->key, own.name, own.head->name_len);
	else
		memcpy(&h, own.head + 1, sizeof(h));
	enum lookup l = snap_find(s, &h, own.name, own.head->name_len, &found);
	if (removed)
		return l == LOOKUP_ABSENT || (l == LOOKUP_FOUND && found.head > own.head);
	return l == LOOKUP_FOUND && found.head == own.head && node_intact(&found);
}

static bool leaves_hold(const struct snap *s, const struct working *w)
{
	for (size_t i = 0; i < w->nleaves; i++)
		if (!change_holds(s, w->leaves[i].entry, false))
			return false;
	return true;
}

/* Every changed name, and the settings, through the reader's own code. */
static bool self_check(const struct publisher *p, const struct snap *s)
{
	uint64_t number;
	size_t len;

	if (snap_settings(s, &len, &number) == NULL || number != p->settings_number)
		return false;
	if (p->bulk && !(leaves_hold(s, &p->names) && leaves_hold(s, &p->clients)))
		return false;
	for (size_t i = 0; i < p->nchanges; i++)
		if (p->changes[i].leaf != 0 &&
			!change_holds(s, p->changes[i].leaf, p->changes[i].removed))
			return false;
	return true;
}

/* The serial of this publish (GS-01): modulo 2^32, never 0. */
static void move_serial(struct publisher *p, bool records_changed, uint64_t wall_ns)
{
	uint32_t seconds = (uint32_t)(wall_ns / NS_PER_S);

	if (!records_changed && p->serial_begun)
		return;
	p->serial++;
	if (!p->serial_begun && (int32_t)(seconds - p->serial) > 0)
		p->serial = seconds;
	if (p->serial == 0)
		p->serial = 1;
}

void publish_status(const struct publisher *p, struct publish_info *out)
{
	*out = (struct publish_info){
		.generation = p->generation,
		.serial = p->serial,
		.segment = p->segment,
		.names = p->arena->names,
		.live = p->arena->live,
		.garbage = publisher_garbage(p->arena),
		.used = p->arena->used,
		.added = p->added,
		.changed = p->changed,
		.removed = p->removed,
		.compact_began_ns = p->compact_done_ns,
	};
}

/* Store the word; from here on it is what workers answer from. */
static void make_current(struct publisher *p, const struct snap *s)
{
	p->generation = s->generation;
	p->published = *s;
	board_store(&p->board->generation, p->generation);
	board_store(&p->board->serial, p->serial);
	board_store(&p->board->word, BOARD_WORD(p->segment, s->root));
	/* Not before: readers let go of a segment that is neither built nor current. */
	if (p->compact == NULL)
		board_store(&p->board->building, 0);
	segment_seal(p->arena, p->arena->used);
}

int publisher_root(
	struct publisher *p, enum root_cause cause, bool complete, uint64_t wall_ns)
{
	struct snap s;
	uint32_t ref;
	int ret = place_settings(p);

	if (ret == 0)
		ret = place_root(p, cause, complete, wall_ns, &ref);
	if (ret < 0)
		return ret;
	ret = snap_open(p->arena->base, p->arena->window_to, ref, &s);
	if (ret < 0 || !self_check(p, &s))
		return -EIO;
	make_current(p, &s);
	return 0;
}

/* Build a trie of a bulk load, unless an earlier try got that far. */
static int build_bulk(struct publisher *p, struct working *w)
{
	uint64_t live = p->arena->live;

	if (!p->bulk || w->trie != 0)
		return 0;
	int ret = trie_build(p->arena, w->leaves, w->nleaves, &w->trie);
	if (ret < 0)
		p->arena->live = live; /* what it appended is garbage */
	return ret;
}

static void forget_leaves(struct working *w)
{
	free(w->leaves);
	w->leaves = NULL;
	w->nleaves = w->leaves_room = 0;
}

int publish_commit(struct publisher *p, enum root_cause cause, bool complete,
	bool records_changed, uint64_t wall_ns, struct publish_info *info)
{
	uint32_t serial = p->serial;
	int ret = note_room(p, build_bulk(p, &p->names));

	if (ret == 0)
		ret = note_room(p, build_bulk(p, &p->clients));
	if (ret < 0)
		return ret;
	move_serial(p, records_changed, wall_ns);
	ret = publisher_root(p, cause, complete, wall_ns);
	if (ret < 0) {
		p->serial = serial;
		return note_room(p, ret);
	}
	p->serial_begun = true;
	publish_status(p, info);
	p->bulk = false;
	forget_leaves(&p->names);
	forget_leaves(&p->clients);
	p->nchanges = 0;
	p->added = p->changed = p->removed = 0;
	p->compact_done_ns = 0;
	publisher_reserve(p);
	return 0;
}
