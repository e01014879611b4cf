/*
 * fuzz_stream.c - any octets over TCP, in any pieces: framing against a plain model (G10)
 *
 * The first octet says how long the pieces are, the rest is the stream.
 */
#include "base/base.h"
#include "fuzz/fuzz.h"
#include "worker/stream.h"

#define SMALL 48
#define BIG   (STREAM_PREFIX + STREAM_MESSAGE_MAX)

static uint8_t small[SMALL], big[BIG];

/* Take out what is whole, and compare it with the octets at *at of the input. */
static bool take(struct stream *s, const uint8_t *data, size_t size, size_t *at)
{
	const uint8_t *msg;
	size_t len;

	for (;;) {
		size_t known = size - *at;

		switch (stream_next(s, &msg, &len)) {
		case STREAM_MORE:
			FUZZ_CHECK(stream_left(s) < 2 ||
				   load_u16(data + *at) > stream_left(s) - 2);
			return true;
		case STREAM_BROKEN:
			FUZZ_CHECK(known >= 2 && load_u16(data + *at) < 12);
			return false;
		case STREAM_MESSAGE:
			FUZZ_CHECK(
				known >= 2 && load_u16(data + *at) == len && len >= 12);
			FUZZ_CHECK(memcmp(data + *at + 2, msg, len) == 0);
			*at += 2 + len;
			break;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream s;
	size_t put = 0, at = 0, piece;

	if (size == 0)
		return 0;
	piece = data[0] + 1u;
	data++;
	size--;
	stream_init(&s, small, sizeof(small));
	while (put < size) {
		size_t room;
		uint8_t *to = stream_room(&s, &room);

		if (room == 0) { /* a message that is longer than the buffer */
			FUZZ_CHECK(s.buf == small);
			stream_move(&s, big, sizeof(big));
			continue;
		}
		room = MIN(MIN(room, piece), size - put);
		memcpy(to, data + put, room);
		stream_put(&s, room);
		put += room;
		if (!take(&s, data, size, &at))
			return 0;
		FUZZ_CHECK(stream_left(&s) == put - at);
		if (s.buf == big && stream_left(&s) < sizeof(small))
			stream_move(&s, small, sizeof(small));
	}
	return 0;
}
