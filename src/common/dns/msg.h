/*
 * msg.h - the one parser of client queries, for every transport (RG-01, RG-02, W, E rows)
 *
 * query_parse() decides in a fixed order: length, QR, opcode, counts, question,
 * other records, end of message, EDNS version, meta type, class. The first hit answers.
 * Trusts nothing, writes only *q, constant memory, O(length of the message).
 */
#ifndef DNS_MSG_H
#define DNS_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/mark.h"
#include "dns/name.h"

#define MSG_HEADER_LEN 12
#define MSG_UDP_MIN    512

/* Bits of octets 2 and 3 of the header. */
#define MSG_QR 0x8000
#define MSG_AA 0x0400
#define MSG_TC 0x0200
#define MSG_RD 0x0100
#define MSG_RA 0x0080
#define MSG_AD 0x0020
#define MSG_CD 0x0010

enum parse_result {
	PARSE_OK,     /* a question to answer */
	PARSE_DROP,   /* no reply (W-01, W-02; TCP: close the connection, W-03) */
	PARSE_HEADER, /* reply with the 12-octet header alone and `rcode` (HDR) */
	PARSE_REPLY,  /* reply with the question, no RRs, and `rcode` (OPT if has_opt) */
};

struct query {
	uint16_t id;
	uint16_t flags; /* of the query, host order */
	uint16_t type, class;
	/*
	 * Octets of the name, which stands at offset 12 of the message; 0: no question
	 * came, and none goes back (W-06).
	 */
	uint8_t qname_len;
	bool has_opt;
	bool want_do;        /* DO bit of the OPT (RFC 3225) */
	bool want_nsid;      /* RFC 5001, for later */
	bool want_keepalive; /* RFC 7828; means nothing on UDP (E-16) */
	bool has_loop_mark;  /* `mark` is set: the first option of its code and length */
	uint8_t hops;      /* appliances that it has passed, as the mark says; 0: none */
	uint16_t udp_size; /* the client takes: max(512, advertised); 512 without OPT */
	uint16_t rcode;    /* for PARSE_HEADER and PARSE_REPLY; BADVERS is 16 */
	uint16_t end;      /* offset behind the question: 12 + qname_len + 4 */
	uint8_t qname[NAME_MAX_LEN + 1]; /* folded copy */
	uint8_t mark[MARK_OCTETS];       /* for mark_read(): the key is not known here */
};

/*
 * Parse the message of `len` octets. `tcp` tells the rows that differ by transport
 * (W-30 AXFR over UDP). On PARSE_OK and PARSE_REPLY all of *q is set; on PARSE_HEADER
 * id, flags and rcode.
 *
 * Transfers, cookies, TSIG and class CH are refused as the rows say for what is off.
 */
enum parse_result query_parse(const uint8_t *msg, size_t len, bool tcp, struct query *q);

#endif
