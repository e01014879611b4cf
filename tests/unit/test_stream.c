/*
 * test_stream.c - messages out of octets, however they were split (T-01, T-03, T-04)
 */
#include "support.h"
#include "dns/stream.h"

#define CAP 64

/* A stream of messages of these lengths; message i is made of octets i + 1. */
static const size_t lengths[] = {12, 13, 40, 12, 62, 17};

static size_t make(uint8_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		store_u16(out + n, (uint16_t)lengths[i]);
		memset(out + n + 2, (int)i + 1, lengths[i]);
		n += 2 + lengths[i];
	}
	return n;
}

static void check_message(size_t i, const uint8_t *msg, size_t len)
{
	uint8_t want[CAP];

	ck_assert_uint_lt(i, ARRAY_LEN(lengths));
	ck_assert_uint_eq(len, lengths[i]);
	memset(want, (int)i + 1, len);
	ck_assert_mem_eq(msg, want, len);
}

/* Put what there is room for, take out what is whole, until all octets are in. */
static void feed(struct stream *s, const uint8_t *octets, size_t n, size_t *messages)
{
	while (n > 0) {
		const uint8_t *msg;
		size_t room, len;
		uint8_t *to = stream_room(s, &room);

		ck_assert_uint_gt(room, 0); /* no message is longer than the buffer */
		room = MIN(room, n);
		memcpy(to, octets, room);
		stream_put(s, room);
		octets += room;
		n -= room;
		while (stream_next(s, &msg, &len) == STREAM_MESSAGE)
			check_message((*messages)++, msg, len);
	}
}

/* Every way to cut the stream into two, and into pieces of equal size. */
START_TEST(every_split)
{
	uint8_t octets[256], *buf = malloc(CAP);
	size_t n = make(octets);
	struct stream s;

	for (size_t cut = 0; cut <= n; cut++) {
		size_t messages = 0;

		stream_init(&s, buf, CAP);
		feed(&s, octets, cut, &messages);
		feed(&s, octets + cut, n - cut, &messages);
		ck_assert_uint_eq(messages, ARRAY_LEN(lengths));
		ck_assert_uint_eq(stream_left(&s), 0);
	}
	for (size_t piece = 1; piece < n; piece++) {
		size_t messages = 0;

		stream_init(&s, buf, CAP);
		for (size_t at = 0; at < n; at += piece)
			feed(&s, octets + at, MIN(piece, n - at), &messages);
		ck_assert_uint_eq(messages, ARRAY_LEN(lengths));
	}
	free(buf);
}
END_TEST

/* A message that is not whole is never taken out, whichever octet is missing. */
START_TEST(every_cut)
{
	uint8_t octets[256], buf[CAP];
	const uint8_t *msg;
	struct stream s;
	size_t len = 0, room;

	make(octets);
	for (size_t n = 0; n <= 2 + lengths[0]; n++) {
		stream_init(&s, buf, sizeof(buf));
		memcpy(stream_room(&s, &room), octets, n);
		stream_put(&s, n);
		ck_assert_int_eq(stream_next(&s, &msg, &len),
			n < 2 + lengths[0] ? STREAM_MORE : STREAM_MESSAGE);
		ck_assert_uint_eq(stream_left(&s), n < 2 + lengths[0] ? n : 0);
	}
	ck_assert_uint_eq(len, lengths[0]);
}
END_TEST

/* T-03: 0 to 11 are no lengths; what stands before them is taken out first. */
START_TEST(broken)
{
	uint8_t octets[256], buf[CAP];
	const uint8_t *msg;
	struct stream s;
	size_t len, room, n = 2 + lengths[0];

	make(octets);
	stream_init(&s, buf, sizeof(buf));
	memcpy(stream_room(&s, &room), octets, n);
	store_u16(buf + n, (uint16_t)_i);
	stream_put(&s, n + 2);
	ck_assert_int_eq(stream_next(&s, &msg, &len), STREAM_MESSAGE);
	check_message(0, msg, len);
	for (int again = 0; again < 2; again++) {
		len = 7;
		ck_assert_int_eq(stream_next(&s, &msg, &len),
			_i < 12 ? STREAM_BROKEN : STREAM_MORE);
		ck_assert_uint_eq(len, 7);
	}
}
END_TEST

/* The longest message goes through a small buffer into one of its size. */
START_TEST(moved)
{
	size_t whole = 2 + STREAM_MESSAGE_MAX, put = 0, room, len;
	uint8_t small[CAP], *big = malloc(whole);
	const uint8_t *msg;
	struct stream s;

	stream_init(&s, small, sizeof(small));
	while (put < whole) {
		uint8_t *to = stream_room(&s, &room);

		ck_assert_int_eq(stream_next(&s, &msg, &len), STREAM_MORE);
		if (room == 0) { /* T-04: only now more memory is needed */
			ck_assert_uint_eq(stream_left(&s), sizeof(small));
			stream_move(&s, big, whole);
			continue;
		}
		for (size_t i = 0; i < room; i++)
			to[i] = put + i < 2 ? 0xff : (uint8_t)(put + i);
		stream_put(&s, room);
		put += room;
	}
	ck_assert_int_eq(stream_next(&s, &msg, &len), STREAM_MESSAGE);
	ck_assert_uint_eq(len, STREAM_MESSAGE_MAX);
	for (size_t i = 0; i < len; i++)
		ck_assert_uint_eq(msg[i], (uint8_t)(i + 2));
	stream_move(&s, small, sizeof(small)); /* and back, empty */
	stream_room(&s, &room);
	ck_assert_uint_eq(room, sizeof(small));
	free(big);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("stream");

	tcase_add_test(tc, every_split);
	tcase_add_test(tc, every_cut);
	tcase_add_loop_test(tc, broken, 0, 14);
	tcase_add_test(tc, moved);
	return run_case("stream", tc);
}
