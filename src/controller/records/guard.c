#include "controller/records/guard.h"

#include <string.h>

#include "base/base.h"

/* Countries' (ISO 3166 and the few that are reserved beside it), in pairs of letters. */
static const char countries[] =
	"ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd "
	"be bf bg bh bi bj bm bn bo br bs bt bv bw by bz ca cc cd cf "
	"cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do "
	"dz ec ee eg er es et eu fi fj fk fm fo fr ga gd ge gf gg gh "
	"gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie "
	"il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr "
	"kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh "
	"mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf "
	"ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps "
	"pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sj sk sl "
	"sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm "
	"tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu "
	"wf ws ye yt za zm zw";

/* Others that many names stand under, each between spaces. */
static const char generic[] =
	" "
	"academy agency amazon app apple arpa art asia bank bar best bet biz "
	"blog box build business cafe careers cash cat center chat church city "
	"click cloud club coffee com community company computer consulting "
	"cool coop dance data date deals design dev digital direct directory "
	"docs dog domains earth edu education email energy engineer "
	"engineering estate events exchange expert express family fan farm "
	"fashion finance financial fish fit flights florist foo food football "
	"fun fund futbol fyi gallery game games garden gift global gmbh gold "
	"golf google gov graphics green group guide guru health help here "
	"hockey holiday hospital host hosting house how icu inc industries "
	"info ink institute int international investments jobs kitchen land "
	"law lease legal life lighting limited link live llc loan lol ltd "
	"management map market marketing mba media memorial menu mil mobi moda "
	"money monster mov museum name net network new news ninja now one ong "
	"online ooo org page partners parts party pet phone photo photography "
	"photos pics pictures pink pizza place plus poker post press pro prod "
	"productions properties property pub qpon quest racing realty recipes "
	"red rehab reise reisen rent rentals repair report rest restaurant "
	"review reviews rip rocks run sale school science search secure "
	"security services shop shopping show site ski social software solar "
	"solutions space store stream studio study style supplies supply "
	"support surf surgery systems tax taxi team tech technology tel tennis "
	"theater tickets tips tires today tools top tours town toys trade "
	"trading training travel tube university uno vacations ventures vet "
	"video villas vin vip vision vote voyage wang watch weather webcam "
	"website wedding wiki win wine work works world wtf xyz yoga you zip "
	"zone"
	" ";

static bool is_country(const char *name)
{
	for (const char *c = countries; *c != '\0'; c += c[2] == '\0' ? 2 : 3)
		if (memcmp(c, name, 2) == 0)
			return true;
	return false;
}

static bool is_generic(const char *name, size_t len)
{
	const char *at = generic;

	while ((at = strstr(at, name)) != NULL) {
		if (at > generic && at[-1] == ' ' && at[len] == ' ')
			return true;
		at++;
	}
	return false;
}

bool guard_is_public(const char *namespace)
{
	size_t len = strlen(namespace);

	if (len == 2)
		return is_country(namespace);
	/* Those in other scripts: nobody names a namespace like that by accident. */
	return strncmp(namespace, "xn--", 4) == 0 || is_generic(namespace, len);
}
