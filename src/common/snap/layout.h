/*
 * layout.h - the byte layout of segments and the board: doc/SNAPSHOT.md in C
 *
 * Integers in shared memory are in host order (one machine, one build; the header's
 * endianness mark refuses anything else). Links are offsets from the start of the
 * segment in units of 8 octets, `ref`; ref 0 is no link, because the header stands there.
 * Everything that a link names begins at a multiple of 8 octets.
 *
 * Whoever reads takes every octet as hostile: offsets, lengths and counts are checked
 * where they are followed (SH-08).
 */
#ifndef SNAP_LAYOUT_H
#define SNAP_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#define SNAP_LAYOUT 5 /* part of object names: builds with another layout never meet */

#define SEGMENT_MAGIC       UINT64_C(0x31746765736e6473) /* "sdnsegt1" */
#define BOARD_MAGIC         UINT64_C(0x3164726f626e6473)
#define LAYOUT_ENDIAN       UINT32_C(0x01020304)
#define LAYOUT_INSTANCE_MAX 32

/* Segment capacity and steps (SH-02). */
#define SEGMENT_MIN_CAPACITY (UINT64_C(64) << 20)
#define SEGMENT_MAX_CAPACITY (UINT64_C(32) << 30) /* what a 32-bit ref can name */
#define SEGMENT_STEP         (UINT64_C(2) << 20)

/* At offset 0 of a segment; written before the board names it, never again. */
struct segment_header {
	uint64_t magic;
	uint32_t layout;
	uint32_t endian;
	uint64_t segment;    /* its number; never used twice by an instance */
	uint64_t capacity;   /* octets that readers may map */
	uint64_t key0, key1; /* hash key; equal to the board's */
	char instance[LAYOUT_INSTANCE_MAX];
	uint32_t check; /* hash_check() of all above */
	uint32_t pad;
};
#define SEGMENT_FIRST 128 /* offset of the first octet after the header */

/*
 * An entry of a trie node, or the trie itself in a root:
 *   bits 0-31 ref, 32-33 what it names, 34-63 the top 30 bits of the path hash (leaves
 *   and lists; 0 for trie nodes). 0: empty.
 */
#define ENTRY_TRIE 0u /* a trie node */
#define ENTRY_NODE 1u /* a node */
#define ENTRY_LIST 2u /* nodes whose 64-bit path hashes are equal */

#define TRIE_BITS   5
#define TRIE_FANOUT 32
#define TRIE_LEVELS 13 /* ceil(64 / 5) */

/* A trie node: one entry for each bit of `map`, lowest first. */
struct trie_node {
	uint32_t check; /* hash_check() from `map` to the end */
	uint32_t map;
	uint64_t entry[];
};

/* Nodes of equal path hash; entries are ENTRY_NODE. */
struct trie_list {
	uint32_t check; /* hash_check() from `count` to the end */
	uint32_t count;
	uint64_t entry[];
};

/*
 * A node: a name with its RRsets. Behind the header stand the name (or, if name_len is
 * 0, the two words of its hash: an empty non-terminal), zeros up to a multiple of 4, and
 * `nrrsets` RRsets, each a multiple of 4 octets.
 */
struct node_header {
	uint32_t check;   /* hash_check() from `size8` to the end of the node */
	uint16_t size8;   /* size of the node in units of 8 octets */
	uint8_t name_len; /* octets of the owner name; 0: empty non-terminal */
	uint8_t zone;     /* index of its zone in the settings */
	uint8_t flags;    /* NODE_* */
	uint8_t nrrsets;
	uint8_t file; /* NODE_FILE_*: of a zone from a file (SM-11) */
	uint8_t pad;
	uint32_t body; /* ref of the body that RRsets point into, or 0 */
};

#define NODE_APEX      0x01 /* apex of its zone: SOA is made from root and settings */
#define NODE_POD_GATE  0x02 /* NS.pod.Z: names of pods below it are worked out (RP-11) */
#define NODE_OWNS_BODY 0x04 /* the body counts as part of this node (garbage) */
#define NODE_ALWAYS    0x08 /* answered while the root is not complete (RU-02) */
#define NODE_CLIENT    0x10 /* of the trie of clients, see below */
#define NODE_HOSTS     0x20 /* of `hosts`; its zone may be none of ours (HO-01) */

/* What answers for a zone from a file need to know of a name, in `file`. */
#define NODE_FILE_CUT   0x01 /* it is delegated: the apex of a zone that others serve */
#define NODE_FILE_DNAME 0x02 /* it has a DNAME: what is below it is elsewhere */
#define NODE_FILE_BELOW 0x04 /* below one of these: its addresses are glue, no answers */
#define NODE_FILE_WILD  0x08 /* a wildcard stands below it: "*" in front of its name */

#define NODE_NO_ZONE 0xff /* `zone` of a name that is in none of ours */

/*
 * A client: a node whose name are the 4 or 16 octets of its address, without RRsets. At
 * the next multiple of 4 behind the name stands a u32, its place (place.h); if there are
 * names behind it, u8 namespace_len, u8 pod_len, and the octets of both (client.h).
 */

/* An RRset: 8 octets, then data by its form, zeros up to a multiple of 4. */
struct rrset_header {
	uint16_t type;
	uint16_t count;    /* RRs */
	uint32_t ttl_form; /* bits 0-23 TTL in seconds, 24-27 form, 28 glue only */
};

enum rrset_form {
	FORM_ADDRS = 1,  /* count times 4 or 16 octets */
	FORM_BODY_ADDRS, /* u32 offset in the body of count times 4 or 16 octets */
	/*
	 * u16 weight, u8 skip, u8 0, count u16 ports: the target is the owner name
	 * without its first `skip` octets; glue is this node's own address RRsets
	 */
	FORM_SRV_SELF,
	/*
	 * u16 weight, u8 skip, u8 lists, then `lists` times {u16 port, u16 0, u32 offset
	 * in the body of an endpoint list}: a target is an endpoint's label in front of
	 * the owner name without `skip` octets
	 */
	FORM_SRV_BODY,
	/*
	 * u16 octets, then count times {u8 len, u8 zone_len, name}: the last zone_len
	 * octets are written as the question has them (RG-15)
	 */
	FORM_NAMES,
	FORM_OPAQUE, /* u16 octets, then count times {u16 len, rdata} */
	/* As FORM_ADDRS and FORM_BODY_ADDRS, a places block behind the addresses */
	FORM_ADDRS_PLACED,
	FORM_BODY_PLACED,
};
#define RRSET_GLUE_ONLY 0x10000000u /* never an answer, only additional (RO-21 off) */

/* A body: what the nodes of one headless Service share. */
struct body_header {
	uint32_t check; /* hash_check() from `size8` to the end */
	uint32_t size8; /* in units of 8 octets, with this header */
};

/*
 * An endpoint list in a body (4-aligned): u32 count, u32 octets that follow, then count
 * times {u8 label_len, u8 flags, u16 n4, u16 n6, label, n4 times 4 octets, places block
 * of these if flagged, n6 times 16 octets, places block if flagged}.
 */
#define ENDPOINT_PLACED4 0x1
#define ENDPOINT_PLACED6 0x2

/*
 * A places block (place.h): u16 runs, u16 count, `runs` times {u32 place, u16 position of
 * the first address of that place}, places ascending, then count times u16 index of an
 * address, by place and then by index.
 */

/* A generation begins here. Roots are never changed once the board has named them. */
struct root {
	uint32_t check; /* hash_check() from `size` to the end */
	uint32_t size;  /* sizeof(struct root) */
	uint64_t generation;
	uint64_t used;     /* octets that this root may reach, itself included */
	uint64_t time_ns;  /* wall clock, for people */
	uint64_t trie;     /* entry */
	uint64_t clients;  /* entry: the second trie, by client address */
	uint64_t names;    /* node_is_name(): without empty non-terminals */
	uint64_t live;     /* octets that are reachable from this root */
	uint32_t settings; /* ref of the settings block */
	uint32_t previous; /* ref of the root before this one, or 0 */
	uint32_t serial;   /* of the SOAs (GS-01) */
	uint16_t cause;    /* enum root_cause */
	uint16_t flags;    /* ROOT_* */
};

#define ROOT_COMPLETE 0x1 /* all required lists were taken (RU-01) */
#define ROOT_STALE    0x2 /* restored from a saved snapshot */

enum root_cause {
	CAUSE_SETTINGS = 1,
	CAUSE_OBJECTS,
	CAUSE_COMPACT,
	CAUSE_RESTORE,
	CAUSE_ROLLBACK
};

/* A settings block: header, then settings_encode()'s octets. */
struct settings_header {
	uint32_t check;  /* hash_check() from `octets` to the end */
	uint32_t octets; /* behind this header */
	uint64_t number; /* equal numbers: equal settings, also after a compaction */
};

/*
 * The board: one page, written by the controller alone.
 * `word` names the current root: segment number << 40 | ref... see board.h.
 */
struct board_page {
	uint64_t magic;
	uint32_t layout;
	uint32_t endian;
	uint64_t key0, key1;
	char instance[LAYOUT_INSTANCE_MAX];
	uint32_t check; /* hash_check() of all above */
	uint32_t pad;
	_Alignas(64) uint64_t word; /* atomic: the current root */
	uint64_t building;   /* atomic: number of the segment under construction, or 0 */
	uint64_t generation; /* atomic: last generation published (never falls) */
	uint64_t serial;     /* atomic: last serial published */
	uint64_t last_segment;   /* atomic: highest segment number ever made */
	uint64_t controller_pid; /* atomic */
	/* atomic: as word, the root that older ones have lost pages to; 0: none */
	uint64_t reclaimed;
};

/* word = segment number (24 bits) << 40 | ref of the root (32 bits); 0: nothing yet. */
#define BOARD_WORD(segment, ref) ((uint64_t)(segment) << 40 | (uint64_t)(ref))
#define BOARD_SEGMENT(word)      ((word) >> 40)
#define BOARD_REF(word)          ((uint32_t)(word))

#endif
