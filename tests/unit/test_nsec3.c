/* test_nsec3.c - hashed names: RFC 5155, appendix A */
#include "dns/nsec3.h"

#include <string.h>

#include "support.h"

static const struct {
	const char *name, *hashed;
} examples[] = {
	{"example.", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"},
	{"a.example.", "35mthgpgcu1qg68fab165klnsnk3dpvl"},
	{"ai.example.", "gjeqe526plbf1g8mklp59enfd789njgi"},
	{"ns1.example.", "2t7b4g4vsa5smi47k61mv5bv1a22bojr"},
	{"ns2.example.", "q04jkcevqvmu85r014c7dkba38o0ji5r"},
	{"w.example.", "k8udemvp1j2f7eg6jebps17vp3n8i58h"},
	{"*.w.example.", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"},
	{"x.w.example.", "b4um86eghhds6nea196smvmlo4ors995"},
	{"y.w.example.", "ji6neoaepv8b5o6k4ev33abha8ht9fgc"},
	{"x.y.w.example.", "2vptu5timamqttgl4luu9kg21e0aor3s"},
	{"xx.example.", "t644ebqk9bibcna874givr6joj62mlhv"},
};

START_TEST(as_published) /* SM-11 */
{
	static const uint8_t salt[] = {0xaa, 0xbb, 0xcc, 0xdd};
	static const struct nsec3_params params = {12, sizeof(salt), salt};
	struct name name, zone, out;
	char text[NAME_TEXT_MAX];

	ck_assert_int_eq(name_parse("example.", &zone), 0);
	ck_assert_int_eq(name_parse(examples[_i].name, &name), 0);
	ck_assert(nsec3_owner(&params, name.wire, name.len, &zone, &out));
	name_text(out.wire, out.len, text, sizeof(text));
	ck_assert_int_eq(strncmp(text, examples[_i].hashed, NSEC3_LABEL_LEN), 0);
	ck_assert_str_eq(text + NSEC3_LABEL_LEN, ".example.");
}
END_TEST

START_TEST(no_room) /* a zone whose name is too long to have any */
{
	static const struct nsec3_params params = {0, 0, NULL};
	struct name zone = {.len = 0}, out;
	uint8_t label[55] = {'a'};

	memset(label, 'a', sizeof(label));
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(name_push(&zone, label, i == 3 ? 53 : 55), 0);
	ck_assert_int_eq(name_end(&zone, (const uint8_t *)"", 1), 0);
	ck_assert_uint_eq(zone.len, 223);
	ck_assert(!nsec3_owner(&params, zone.wire, zone.len, &zone, &out));
	memmove(zone.wire + 1, zone.wire + 2, zone.len - 2u);
	zone.wire[0] = 54;
	zone.len = 222;
	ck_assert(nsec3_owner(&params, zone.wire, zone.len, &zone, &out));
	ck_assert_uint_eq(name_scan(out.wire, out.len), 255);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("nsec3");

	tcase_add_loop_test(tc, as_published, 0, ARRAY_LEN(examples));
	tcase_add_test(tc, no_room);
	return run_case("nsec3", tc);
}
