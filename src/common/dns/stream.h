/*
 * stream.h - messages out of a stream of octets (RFC 1035, section 4.2.2) (core)
 *
 * Each message comes behind its length, two octets in network order. A stream is a window
 * over a buffer that the caller owns: octets are put in at its end, whole messages are
 * taken out at its front, however the octets were split on their way. Nothing is
 * allocated and nothing is copied but what moves to the front to make room.
 */
#ifndef DNS_STREAM_H
#define DNS_STREAM_H

#include <stddef.h>
#include <stdint.h>

#define STREAM_PREFIX      2
#define STREAM_MESSAGE_MAX 65535

struct stream {
	uint8_t *buf; /* borrowed */
	size_t cap;   /* octets of it */
	size_t at;    /* where the first octet stands that was not taken out */
	size_t len;   /* octets in use: at <= len <= cap */
};

enum stream_result {
	STREAM_MORE,    /* no whole message yet */
	STREAM_MESSAGE, /* one was taken out */
	STREAM_BROKEN,  /* a length that no message has (T-03) */
};

/* Begin with an empty buffer. */
void stream_init(struct stream *s, uint8_t *buf, size_t cap);

/* Octets that were put in and not taken out. */
size_t stream_left(const struct stream *s);

/* Where the next octets may be put, and in *room how many; 0: the buffer is full. */
uint8_t *stream_room(struct stream *s, size_t *room);

/* n octets, at most the room, were put there. */
void stream_put(struct stream *s, size_t n);

/*
 * Take out the first message. It is borrowed until the next stream_room() or
 * stream_move(). STREAM_BROKEN stays so.
 */
enum stream_result stream_next(struct stream *s, const uint8_t **msg, size_t *len);

/* Go on in another buffer, which has room for what is left. */
void stream_move(struct stream *s, uint8_t *buf, size_t cap);

#endif
