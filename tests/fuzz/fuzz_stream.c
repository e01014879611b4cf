/*
 * fuzz_stream.c - any octets over TCP, in any pieces: framing against a plain model (G10)
 *
 * The input is a script, so that a run costs what it puts in and takes out, not a round
 * for each octet of 65,535:
 *   u8 mode, u8 room of the first buffer, then
 *   mode odd: u8 piece, and the rest is the stream, in pieces of that size;
 *   mode even: u8 messages, their lengths, and the rest says how long the pieces are.
 * What stands in messages of a script is noise, which no length can be mistaken for; all
 * that the pieces leave comes in one.
 */
#include "base/base.h"
#include "fuzz/fuzz.h"
#include "dns/stream.h"

#define SMALL        64
#define BIG          (STREAM_PREFIX + STREAM_MESSAGE_MAX)
#define MESSAGES_MAX 8
#define RAW_MAX      1024
#define PIECE_LONG   224 /* from here on an octet and the next one say a long piece */

static uint8_t small[SMALL], big[BIG], noise[MESSAGES_MAX * BIG];

/* The octets of a connection, and how they come. */
struct script {
	const uint8_t *text;
	size_t size;
	const uint8_t
		*pieces; /* the rest of the input; NULL: all are of `piece` octets */
	size_t npieces, piece;
};

/* How many octets come next, if there is room for them. */
static size_t next_piece(struct script *c)
{
	if (c->pieces == NULL)
		return c->piece;
	if (c->npieces == 0)
		return c->size;
	size_t n = *c->pieces++;
	c->npieces--;
	if (n < PIECE_LONG || c->npieces == 0)
		return n + 1;
	c->npieces--;
	return (n - PIECE_LONG + 1) * 2048 + *c->pieces++;
}

/* Take out what is whole, and compare it with the octets at *at of the text. */
static bool take(struct stream *s, const struct script *c, size_t *at)
{
	const uint8_t *msg;
	size_t len;

	for (;;) {
		size_t known = c->size - *at;
		const uint8_t *here = c->text + *at;

		switch (stream_next(s, &msg, &len)) {
		case STREAM_MORE:
			FUZZ_CHECK(stream_left(s) < 2 ||
				   load_u16(here) > stream_left(s) - 2);
			return true;
		case STREAM_BROKEN:
			FUZZ_CHECK(known >= 2 && load_u16(here) < 12);
			FUZZ_CHECK(stream_next(s, &msg, &len) == STREAM_BROKEN);
			return false;
		case STREAM_MESSAGE:
			FUZZ_CHECK(known >= 2 && load_u16(here) == len && len >= 12);
			FUZZ_CHECK(memcmp(here + 2, msg, len) == 0);
			*at += 2 + len;
			break;
		}
	}
}

/* How far whole messages reach: what must have been taken out in the end. */
static size_t whole(const struct script *c)
{
	size_t at = 0;

	while (c->size - at >= 2) {
		size_t len = load_u16(c->text + at);

		if (len < 12 || len > c->size - at - 2)
			break;
		at += 2 + len;
	}
	return at;
}

static void run(struct script *c, size_t room_first)
{
	uint8_t *first = small + SMALL - room_first; /* its end is that of its memory */
	size_t put = 0, at = 0, end = whole(c);
	struct stream s;

	stream_init(&s, first, room_first);
	while (put < c->size) {
		size_t room;
		uint8_t *to = stream_room(&s, &room);

		if (room == 0) { /* a message that is longer than the buffer */
			FUZZ_CHECK(s.buf == first);
			stream_move(&s, big, sizeof(big));
			continue;
		}
		size_t piece = next_piece(c);
		room = MIN(MIN(room, piece), c->size - put);
		memcpy(to, c->text + put, room);
		stream_put(&s, room);
		put += room;
		if (!take(&s, c, &at))
			break;
		FUZZ_CHECK(stream_left(&s) == put - at);
		if (s.buf == big && stream_left(&s) < room_first)
			stream_move(&s, first, room_first);
	}
	FUZZ_CHECK(at == end);
}

/* xorshift64*, once: what stands there is the same in each process. */
static void make_noise(void)
{
	uint64_t x = 88172645463325252;

	for (size_t i = 0; i < sizeof(noise); i++) {
		x ^= x >> 12;
		x ^= x << 25;
		x ^= x >> 27;
		noise[i] = (uint8_t)(x * UINT64_C(2685821657736338717) >> 56);
	}
}

/* Lengths go into the noise for one run. */
static void run_script(const uint8_t *data, size_t size, size_t room_first)
{
	uint8_t kept[MESSAGES_MAX][2];
	size_t at[MESSAGES_MAX + 1] = {0};
	size_t n = MIN(data[0] % MESSAGES_MAX + 1u, (size - 1) / 2);

	for (size_t i = 0; i < n; i++) {
		memcpy(kept[i], noise + at[i], 2);
		memcpy(noise + at[i], data + 1 + 2 * i, 2);
		at[i + 1] = at[i] + 2 + load_u16(noise + at[i]);
	}
	struct script c = {.text = noise,
		.size = at[n],
		.pieces = data + 1 + 2 * n,
		.npieces = size - 1 - 2 * n};
	run(&c, room_first);
	for (size_t i = n; i-- > 0;)
		memcpy(noise + at[i], kept[i], 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3)
		return 0;
	if (noise[0] == 0 && noise[1] == 0)
		make_noise();
	size_t room_first = data[1] % SMALL + 1u;
	if ((data[0] & 1) == 0) {
		run_script(data + 2, size - 2, room_first);
		return 0;
	}
	struct script c = {.text = data + 3,
		.size = MIN(size - 3, (size_t)RAW_MAX),
		.piece = data[2] + 1u};
	run(&c, room_first);
	return 0;
}
