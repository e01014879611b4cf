#include "dns/stream.h"

#include <assert.h>

#include "base/base.h"
#include "dns/msg.h"

void stream_init(struct stream *s, uint8_t *buf, size_t cap)
{
	*s = (struct stream){.buf = buf, .cap = cap};
}

size_t stream_left(const struct stream *s)
{
	return s->len - s->at;
}

uint8_t *stream_room(struct stream *s, size_t *room)
{
	if (s->at > 0) {
		memmove(s->buf, s->buf + s->at, stream_left(s));
		s->len -= s->at;
		s->at = 0;
	}
	*room = s->cap - s->len;
	return s->buf + s->len;
}

void stream_put(struct stream *s, size_t n)
{
	assert(n <= s->cap - s->len);
	s->len += n;
}

enum stream_result stream_next(struct stream *s, const uint8_t **msg, size_t *len)
{
	if (stream_left(s) < STREAM_PREFIX)
		return STREAM_MORE;
	size_t n = load_u16(s->buf + s->at);
	if (n < MSG_HEADER_LEN)
		return STREAM_BROKEN;
	if (stream_left(s) - STREAM_PREFIX < n)
		return STREAM_MORE;
	*msg = s->buf + s->at + STREAM_PREFIX;
	*len = n;
	s->at += STREAM_PREFIX + n;
	return STREAM_MESSAGE;
}

void stream_move(struct stream *s, uint8_t *buf, size_t cap)
{
	size_t left = stream_left(s);

	assert(left <= cap);
	memcpy(buf, s->buf + s->at, left);
	*s = (struct stream){.buf = buf, .cap = cap, .len = left};
}
