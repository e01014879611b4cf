/*
 * test_watch.c - how a resource is listed, watched and recovered, as dialogues in virtual
 * time
 *
 * Each scenario is a text. Lines:
 *   send PATH          this request is due now ("#" stands for any number); `idle`: none
 *   wait MS            time passes until something is due, at most so long
 *   sleep MS           time passes
 *   head CODE [S]      the reply begins, with Retry-After
 *   object RV [old]    an object; "old": it is not newer than what came before
 *   bookmark RV [end]  a bookmark; "end": and it completes the list
 *   list RV [MORE] [REMAINING]   a List is complete
 *   listed N OF        of a list so many objects have come, of so many; 0: not said
 *   status CODE [S] [ahead]
 *   end HOW            clean, complete (clean, and the list is), cut, content, parse
 *   overdue            the stream is to be given up, and is
 *   probe PATH / probed RV [lost]
 *   fail N / drops N   so many requests fail; in between a server can be reached
 *   reachable          a server can be reached
 *   rv RV / state NAME / count FIELD N
 *
 * Rows: WP-20 to WP-64, RF-01, RF-08, AF-01.
 */
#include <stdio.h>
#include <string.h>

#include "controller/kube/watch.h"
#include "support.h"

static const struct scenario {
	const char *name;
	const char *options; /* words: list (WatchList on), fresh, lean, slow-audit */
	const char *text;
} scenarios[] = {
	{"WP-28 WP-30 first list from the cache, then a watch", "",
		"send /api/v1/services?resourceVersion=0\n"
		"idle\n"
		"head 200\nobject 3\nlist 12\nend complete\n"
		"rv 12\nstate taken\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 200\nobject 13\nrv 13\nbookmark 20\nrv 20\n"
		/* WP-35 */
		"sleep 310000\nend clean\ncount restarts.clean 1\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"20&timeoutSeconds=#\n"},
	{"WP-22 pages", "fresh",
		"send /api/v1/services?limit=500\n"
		"head 200\nobject 3\nlisted 1 0\n"
		"list 12 a+b/= 3\nend clean\nstate listing\nlisted 1 4\n"
		"send /api/v1/services?limit=500&continue=a%2Bb%2F%3D\n"
		"head 200\nobject 4\nobject 5\nlisted 3 4\nlist 12 c\nend clean\n"
		"listed 3 0\n"
		"send /api/v1/services?limit=500&continue=c\n"
		"head 200\nobject 6\nlisted 4 0\nlist 12\nend complete\nrv 12\n"},
	{"HR-02 a list that begins again is counted anew", "fresh",
		"send /api/v1/services?limit=500\nhead 200\nobject 3\n"
		"list 12 c 9\nend clean\nlisted 1 10\n"
		"send /api/v1/services?limit=500&continue=c\nhead 410\nend clean\n"
		"send /api/v1/services\nhead 200\nlisted 0 0\nobject 3\nlisted 1 0\n"},
	{"WP-23 a page expires: the whole list again, without a limit", "fresh",
		"send /api/v1/services?limit=500\nhead 200\nlist 12 c\nend clean\n"
		"send /api/v1/services?limit=500&continue=c\nhead 410\nend clean\n"
		"send /api/v1/services\nhead 200\nlist 14\nend complete\n"},
	{"WP-56 400 on a page", "fresh",
		"send /api/v1/services?limit=500\nhead 200\nlist 12 c\nend clean\n"
		"send /api/v1/services?limit=500&continue=c\nhead 400\nend clean\n"
		"wait 800\nsend /api/v1/services?limit=500\n"},
	{"WP-58 429 on a page: the same page again", "fresh",
		"send /api/v1/services?limit=500\nhead 200\nlist 12 c\nend clean\n"
		"send /api/v1/services?limit=500&continue=c\nhead 429 2\nend clean\n"
		"idle\nsleep 1999\nidle\nwait 1001\n"
		"send /api/v1/services?limit=500&continue=c\n"},
	{"WP-45 WatchList", "list",
		"send /api/v1/services?watch=1&sendInitialEvents=true&"
		"allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&"
		"timeoutSeconds=#\n"
		"head 200\nobject 900\nobject 3\nrv \nbookmark 900\nrv \n"
		"bookmark 901 end\nrv 901\nstate taken\nobject 902\nrv 902\n"
		"object 902 old\nobject 900 old\nrv 902\n"
		"sleep 300000\nend clean\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"902&timeoutSeconds=#\n"},
	{"WP-47 WatchList is refused: not again for six hours", "list",
		"send /api/v1/services?watch=1&sendInitialEvents=true&"
		"allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&"
		"timeoutSeconds=#\n"
		"head 422\nend clean\n"
		"send /api/v1/services?resourceVersion=0\n"
		"head 200\nlist 12\nend complete\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 200\nstatus 410\nend clean\nwait 1600\n"
		"send /api/v1/services?resourceVersion=12&resourceVersionMatch="
		"NotOlderThan\n"
		"head 200\nlist 20\nend complete\nsleep 21600001\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"20&timeoutSeconds=#\n"
		"head 200\nstatus 410\nend clean\nwait 1600\n"
		"send /api/v1/services?watch=1&sendInitialEvents=true&"
		"allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&"
		"timeoutSeconds=#\n"},
	{"WP-47 WatchList is refused by an ERROR event", "list",
		"send /api/v1/services?watch=1&sendInitialEvents=true&"
		"allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&"
		"timeoutSeconds=#\n"
		"head 200\nstatus 500\nend clean\nwait 800\n"
		"send /api/v1/services?resourceVersion=0\n"},
	{"WP-49 WatchList without an end", "list",
		"send /api/v1/services?watch=1&sendInitialEvents=true&"
		"allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&"
		"timeoutSeconds=#\n"
		"head 200\nsleep 50000\nobject 3\nwait 60000\noverdue\nwait 800\n"
		"send /api/v1/services?resourceVersion=0\n"},
	{"WP-52 short watches without an event back off", "",
		"send /api/v1/services?resourceVersion=0\nhead 200\nlist 12\n"
		"end complete\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 200\nend clean\nwait 800\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 200\nend clean\nwait 1600\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 200\nobject 13\nend clean\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"13&timeoutSeconds=#\n"},
	{"WP-51 RF-01 a connection breaks: watch from the last RV, and a probe", "",
		"send /api/v1/services?resourceVersion=0\nhead 200\nlist 12\n"
		"end complete\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 200\nobject 15\nend cut\ncount restarts.transport 1\n"
		"wait 800\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"15&timeoutSeconds=#\n"
		"end cut\nwait 1600\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"15&timeoutSeconds=#\n"
		"end cut\nwait 3200\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"15&timeoutSeconds=#\n"
		"no probe\nhead 200\nprobe /api/v1/services?limit=1\nprobed 15\n"
		"no probe\nsleep 299000\nno probe\nsleep 1000\n"
		"probe /api/v1/services?limit=1\nprobed \nsleep 30000\n"
		"probe /api/v1/services?limit=1\n"},
	{"RF-01 a server that can be reached again ends the wait", "",
		"send /api/v1/services?resourceVersion=0\nhead 200\nlist 12\n"
		"end complete\n"
		"fail 9\nreachable\nwait 1000\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 503 1\nend clean\nwait 1500\n"
		/* while it starts it refuses */
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 403\nend clean\nwait 800\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 403\nend clean\nwait 800\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 403\nend clean\nwait 800\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 500\nend clean\nwait 800\n"
		"sleep 30000\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 403\nend clean\nidle\nsleep 4999\nidle\nwait 5001\n"},
	{"RF-01 a server that is there again refuses while it starts", "",
		"send /api/v1/services?resourceVersion=0\nhead 200\nlist 12\n"
		"end complete\nfail 9\nwait 30000\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 403\nend clean\nwait 800\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 410\nend clean\nwait 800\n"
		"send /api/v1/services?resourceVersion=12&resourceVersionMatch="
		"NotOlderThan\n"},
	{"RF-01 a watch that was cut waits for the server too", "",
		"send /api/v1/services?resourceVersion=0\nhead 200\nlist 12\n"
		"end complete\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 200\nend cut\nwait 800\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 200\nend cut\nreachable\nwait 1000\n"
		/* one that stood is forgiven */
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 200\nobject 13\nend cut\nwait 800\n"},
	{"WP-61 AF-01 the server has lost history", "",
		"send /api/v1/services?resourceVersion=0\nhead 200\nlist 1200\n"
		"end complete\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"1200&timeoutSeconds=#\n"
		"head 200\nend cut\nwait 800\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"1200&timeoutSeconds=#\n"
		"head 200\nprobe /api/v1/services?limit=1\n"
		"probed 40 lost\ncount regressions 1\n"
		"send /api/v1/services?limit=500\nhead 200\nlist 41\nend complete\n"
		"rv 41\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"41&timeoutSeconds=#\n"},
	{"WP-61 what came after the probe was sent is no loss", "",
		"send /api/v1/services?resourceVersion=0\nhead 200\nlist 1200\n"
		"end complete\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"1200&timeoutSeconds=#\n"
		"head 200\nsleep 299999\nobject 1201\nsleep 1\n"
		"probe /api/v1/services?limit=1\nobject 1203\nprobed 1202\nrv 1203\n"},
	{"WP-24 WP-5A a list says that we are ahead", "",
		"send /api/v1/services?resourceVersion=0\nhead 200\nlist 1200\n"
		"end complete\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"1200&timeoutSeconds=#\n"
		"head 200\nstatus 410\nend clean\nwait 1600\n"
		"send /api/v1/services?resourceVersion=1200&resourceVersionMatch="
		"NotOlderThan\n"
		"head 504 1\nstatus 504 1 ahead\nend clean\ncount regressions 1\n"
		"send /api/v1/services?limit=500\nhead 200\nlist 5\nend complete\n"
		"rv 5\ncount regressions 1\ncount relists.regressed 1\n"},
	{"WP-57 expired, and the list that follows too", "",
		"send /api/v1/services?resourceVersion=0\nhead 200\nlist 12\n"
		"end complete\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 410\nend clean\nwait 800\n"
		"send /api/v1/services?resourceVersion=12&resourceVersionMatch="
		"NotOlderThan\n"
		"head 410\nend clean\n"
		"send /api/v1/services?limit=500\nhead 410\nend clean\nwait 1600\n"
		"send /api/v1/services?limit=500\nhead 200\nlist 50\nend complete\n"},
	{"WP-04 WP-53 401: once at once, then back off; data stays", "",
		"send /api/v1/services?resourceVersion=0\nhead 401\nend clean\n"
		"unauthorized\n"
		"send /api/v1/services?resourceVersion=0\nhead 401\nend clean\n"
		"unauthorized\nidle\nwait 800\n"
		"send /api/v1/services?resourceVersion=0\nhead 200\nlist 1\n"
		"end complete\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"1&timeoutSeconds=#\n"
		"head 401\nend clean\nunauthorized\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"1&timeoutSeconds=#\n"},
	{"WP-54 403: soon, then every 5 to 10 s, then all is well", "",
		"send /api/v1/services?resourceVersion=0\nhead 403\nend clean\n"
		"state denied\nwait 800\n"
		"send /api/v1/services?resourceVersion=0\nhead 403\nend clean\n"
		"wait 1600\n"
		"send /api/v1/services?resourceVersion=0\nhead 403\nend clean\n"
		"idle\nsleep 4999\nidle\nwait 5001\n"
		"send /api/v1/services?resourceVersion=0\nhead 200\nstate listing\n"
		"list 1\nend complete\nstate taken\n"},
	{"WP-55 404: data stays, slow retry", "",
		"send /api/v1/services?resourceVersion=0\nhead 404\nend clean\nwait 800\n"
		"send /api/v1/services?resourceVersion=0\nhead 404\nend clean\n"
		"wait 1600\n"
		"send /api/v1/services?resourceVersion=0\nhead 404\nend clean\n"
		"state absent\nsleep 119999\nidle\nwait 60001\n"
		"send /api/v1/services?resourceVersion=0\n"},
	{"WP-58 429 on a watch: wait, no list", "",
		"send /api/v1/services?resourceVersion=0\nhead 200\nlist 12\n"
		"end complete\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 429 7\nend clean\nsleep 6999\nidle\nwait 3501\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"},
	{"WP-59 503 with Retry-After", "",
		"send /api/v1/services?resourceVersion=0\nhead 503 4\nend clean\n"
		"sleep 3999\nidle\nwait 2001\n"
		"send /api/v1/services?resourceVersion=0\n"},
	{"WP-5B RF-08 ERROR 500: watch again, after three list", "",
		"send /api/v1/services?resourceVersion=0\nhead 200\nlist 12\n"
		"end complete\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 200\nstatus 500\nend clean\nwait 800\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 200\nstatus 500\nend clean\nwait 1600\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 200\nstatus 500\nend clean\nwait 3200\n"
		"send /api/v1/services?resourceVersion=12&resourceVersionMatch="
		"NotOlderThan\n"},
	{"WP-5C what is no JSON: list", "",
		"send /api/v1/services?resourceVersion=0\nhead 200\nlist 12\n"
		"end complete\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 200\nend parse\ncount restarts.parse 1\nwait 800\n"
		"send /api/v1/services?resourceVersion=12&resourceVersionMatch="
		"NotOlderThan\n"
		"count relists.parse 1\n"},
	{"WP-5D HTML with 200", "",
		"send /api/v1/services?resourceVersion=0\nhead 200\nend content\n"
		"wait 800\nsend /api/v1/services?resourceVersion=0\n"},
	{"WP-5D a Status with 200 in place of a list", "",
		"send /api/v1/services?resourceVersion=0\nhead 200\nstatus 403\n"
		"end clean\nstate denied\n"},
	{"WP-60 a silent watch: only once bookmarks are known", "",
		"send /api/v1/services?resourceVersion=0\nhead 200\nlist 12\n"
		"end complete\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 200\nobject 13\nsleep 160000\nnot overdue\nbookmark 14\n"
		"sleep 149000\nnot overdue\nsleep 1000\noverdue\n"
		"count restarts.stall 1\nwait 800\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"14&timeoutSeconds=#\n"
		"sleep 30000\noverdue\n"},
	{"WP-60 a watch that its server does not end", "",
		"send /api/v1/services?resourceVersion=0\nhead 200\nlist 12\n"
		"end complete\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 200\nsleep 329000\nnot overdue\nsleep 301000\noverdue\n"},
	{"WP-25 a list that stops", "",
		"send /api/v1/services?resourceVersion=0\nsleep 70000\nhead 200\n"
		"object 3\nsleep 74000\nnot overdue\nsleep 1000\noverdue\nwait 800\n"
		"send /api/v1/services?resourceVersion=0\n"},
	{"WP-62 the audit asks for exactly what we have", "audit",
		"send /api/v1/services?resourceVersion=0\nhead 200\nlist 12\n"
		"end complete\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 200\nsleep 29999\nnot overdue\nsleep 60001\noverdue\n"
		"send /api/v1/services?resourceVersion=12&resourceVersionMatch=Exact&"
		"limit=500\n"
		"auditing\ncount relists.audit 1\n"
		"head 200\nlist 12\nend complete\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\nnot auditing\n"},
	{"WP-62 an audit that fails is none", "audit",
		"send /api/v1/services?resourceVersion=0\nhead 200\nlist 12\n"
		"end complete\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 200\nsleep 90001\noverdue\n"
		"send /api/v1/services?resourceVersion=12&resourceVersionMatch=Exact&"
		"limit=500\n"
		"head 200\nlist 12 c\nend clean\n"
		"send /api/v1/services?limit=500&continue=c\nhead 500\nend clean\n"
		"not auditing\nwait 800\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"},
	{"WP-22 a first page that is cut leaves no page behind", "fresh",
		"send /api/v1/services?limit=500\nhead 200\nobject 3\nlist 12 c\n"
		"end cut\nwait 800\n"
		"send /api/v1/services?limit=500\nhead 200\nlist 12 c\n"
		"status 500\nend clean\nwait 1600\n"
		"send /api/v1/services?limit=500\n"},
	{"WP-22 a page that is followed by itself", "fresh",
		"send /api/v1/services?limit=500\nhead 200\nlist 12 c\nend clean\n"
		"send /api/v1/services?limit=500&continue=c\nhead 200\nlist 12 c\n"
		"end clean\nwait 800\nsend /api/v1/services?limit=500\n"},
	{"WP-25 a list that comes by drops", "",
		"send /api/v1/services?resourceVersion=0\nhead 200\n"
		"sleep 70000\nobject 3\nsleep 70000\nobject 3\nsleep 70000\n"
		"object 3\nsleep 70000\nobject 3\nsleep 70000\nobject 3\n"
		"sleep 70000\nobject 3\nsleep 70000\nobject 3\nsleep 70000\n"
		"object 3\nnot overdue\nsleep 40000\noverdue\n"},
	{"WP-49 initial events without an end", "list",
		"send /api/v1/services?watch=1&sendInitialEvents=true&"
		"allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&"
		"timeoutSeconds=#\n"
		"head 200\nsleep 59000\nobject 3\nsleep 59000\nobject 3\n"
		"sleep 59000\nobject 3\nsleep 59000\nobject 3\nsleep 59000\n"
		"object 3\nsleep 59000\nobject 3\nsleep 59000\nobject 3\n"
		"sleep 59000\nobject 3\nsleep 59000\nobject 3\nsleep 59000\n"
		"object 3\nsleep 41000\noverdue\nwait 800\n"
		"send /api/v1/services?resourceVersion=0\n"},
	{"WP-72 the body of an error that does not end", "",
		"send /api/v1/services?resourceVersion=0\nhead 500\nsleep 9999\n"
		"not overdue\nsleep 1\noverdue\nwait 800\n"
		"send /api/v1/services?resourceVersion=0\n"},
	{"WP-57 410 again and again", "",
		"send /api/v1/services?resourceVersion=0\nhead 200\nlist 12\n"
		"end complete\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 410\nend clean\nwait 800\n"
		"send /api/v1/services?resourceVersion=12&resourceVersionMatch="
		"NotOlderThan\nhead 200\nlist 12\nend complete\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 410\nend clean\nwait 1600\n"
		"send /api/v1/services?resourceVersion=12&resourceVersionMatch="
		"NotOlderThan\nhead 200\nlist 12\nend complete\n"
		"send /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion="
		"12&timeoutSeconds=#\n"
		"head 410\nend clean\nwait 3200\n"},
	{"RF-01 a server that takes connections and drops them", "",
		"drops 6\nfail 1\nreachable\nstill unreachable\n"},
	{"WP-58 Retry-After is not believed for ever", "",
		"send /api/v1/services?resourceVersion=0\nhead 429 100000\n"
		"status 429 65535\nend clean\nwait 90000\n"
		"send /api/v1/services?resourceVersion=0\n"},
	{"WP-17 RO-08 selectors and one namespace", "selectors",
		"send /apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?"
		"resourceVersion=0&labelSelector=a%3Db%2Cservice.kubernetes.io%2F"
		"headless\n"},
};

static struct stat_resource stat;

struct run {
	struct watch w;
	uint64_t now_ns;
	const char *name;
	const char *line;
};

#define CHECK(r, what) ck_assert_msg(what, "%s: %s: " #what, (r)->name, (r)->line)

/* "#" in `want` stands for digits. */
static bool same_path(const char *want, const char *got)
{
	for (; *want != '\0'; want++) {
		if (*want == '#') {
			size_t n = strspn(got, "0123456789");

			if (n == 0)
				return false;
			got += n;
		} else if (*want != *got++) {
			return false;
		}
	}
	return *got == '\0';
}

static void expect_path(struct run *r, struct watch_request *q, const char *path)
{
	ck_assert_msg(same_path(path, (const char *)q->path.data), "%s: %s: it is %s",
		r->name, r->line, (const char *)q->path.data);
	mem_buf_fini(&q->path);
}

static void check_send(struct run *r, const char *path)
{
	struct watch_request q;

	CHECK(r, watch_next(&r->w, r->now_ns, &q));
	expect_path(r, &q, path);
}

static void check_wait(struct run *r, const char *most_ms)
{
	uint64_t at = watch_deadline(&r->w);
	uint64_t most = strtoull(most_ms, NULL, 10) * NS_PER_MS;

	ck_assert_msg(at <= r->now_ns + most, "%s: %s: it is %llu ms", r->name, r->line,
		(unsigned long long)((at - r->now_ns) / NS_PER_MS));
	r->now_ns = MAX(at, r->now_ns);
}

static void do_status(struct run *r, unsigned code, unsigned retry, const char *word)
{
	struct kube_status s = {.code = code,
		.reason = "",
		.message = "",
		.too_large = strcmp(word, "ahead") == 0,
		.retry_after_s = retry};

	watch_status(&r->w, &s);
}

static void do_end(struct run *r, const char *how)
{
	static const struct {
		const char *how;
		enum watch_end end;
		bool complete;
	} ends[] = {
		{"clean", WATCH_END_CLEAN, false},
		{"complete", WATCH_END_CLEAN, true},
		{"cut", WATCH_END_TRANSPORT, false},
		{"content", WATCH_END_CONTENT, false},
		{"parse", WATCH_END_PARSE, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (strcmp(how, ends[i].how) == 0)
			CHECK(r, (watch_end(&r->w, ends[i].end, r->now_ns) ==
					 WATCH_COMPLETE) == ends[i].complete);
}

/* So many failures to connect in a row. */
static void do_fail(struct run *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct watch_request q;

		r->now_ns = MAX(r->now_ns, watch_deadline(&r->w));
		CHECK(r, watch_next(&r->w, r->now_ns, &q));
		mem_buf_fini(&q.path);
		watch_end(&r->w, WATCH_END_TRANSPORT, r->now_ns);
	}
}

/* So many times it can be reached, and the request fails all the same. */
static void do_drops(struct run *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		do_fail(r, 1);
		watch_reachable(&r->w, r->now_ns);
		CHECK(r, watch_deadline(&r->w) <= r->now_ns + NS_PER_S);
	}
}

static void check_count(struct run *r, const char *field, uint64_t n)
{
	const struct {
		const char *field;
		const stat_u64 *at;
	} fields[] = {
		{"restarts.clean", &stat.restarts[RESTART_CLEAN]},
		{"restarts.transport", &stat.restarts[RESTART_TRANSPORT]},
		{"restarts.stall", &stat.restarts[RESTART_STALL]},
		{"restarts.parse", &stat.restarts[RESTART_PARSE]},
		{"relists.regressed", &stat.relists[RELIST_REGRESSED]},
		{"relists.parse", &stat.relists[RELIST_PARSE]},
		{"relists.audit", &stat.relists[RELIST_AUDIT]},
		{"regressions", &stat.regressions},
	};

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (strcmp(fields[i].field, field) != 0)
			continue;
		ck_assert_msg(stat_get(fields[i].at) == n, "%s: %s: it is %llu", r->name,
			r->line, (unsigned long long)stat_get(fields[i].at));
		return;
	}
	ck_abort_msg("no field %s", field);
}

static void check_state(struct run *r, const char *state)
{
	static const char *const states[] = {"listing", "taken", "denied", "absent"};

	CHECK(r, strcmp(states[r->w.state], state) == 0);
}

/* Words of a line: verb, and up to three more. */
static void do_input(struct run *r, const char *verb, char a[3][512])
{
	unsigned n = (unsigned)strtoul(a[0], NULL, 10);

	if (strcmp(verb, "head") == 0)
		watch_response(&r->w, n, (unsigned)strtoul(a[1], NULL, 10), r->now_ns);
	else if (strcmp(verb, "object") == 0)
		CHECK(r, watch_object(&r->w, a[0], r->now_ns) == (a[1][0] == '\0'));
	else if (strcmp(verb, "bookmark") == 0)
		CHECK(r, watch_bookmark(&r->w, a[0], a[1][0] != '\0', r->now_ns) ==
				 (a[1][0] != '\0'));
	else if (strcmp(verb, "list") == 0)
		watch_list_end(&r->w, a[0], a[1], strtoull(a[2], NULL, 10));
	else if (strcmp(verb, "status") == 0)
		do_status(r, n, (unsigned)strtoul(a[1], NULL, 10), a[2]);
	else if (strcmp(verb, "end") == 0)
		do_end(r, a[0]);
	else if (strcmp(verb, "probed") == 0)
		CHECK(r, watch_probe_end(&r->w, a[0], r->now_ns) ==
				 (strcmp(a[1], "lost") == 0));
	else if (strcmp(verb, "fail") == 0)
		do_fail(r, n);
	else if (strcmp(verb, "drops") == 0)
		do_drops(r, n);
	else if (strcmp(verb, "reachable") == 0)
		watch_reachable(&r->w, r->now_ns);
	else
		ck_abort_msg("%s: what is %s", r->name, r->line);
	/* octets came with it */
	if (r->w.stream.open && strcmp(verb, "object") == 0)
		watch_octets(&r->w, 1, r->now_ns);
	if (r->w.stream.open && strcmp(verb, "bookmark") == 0)
		watch_octets(&r->w, 1, r->now_ns);
}

static void check_overdue(struct run *r)
{
	CHECK(r, watch_overdue(&r->w, r->now_ns));
	CHECK(r, watch_deadline(&r->w) <= r->now_ns);
	CHECK(r, watch_end(&r->w, WATCH_END_OVERDUE, r->now_ns) != WATCH_COMPLETE);
}

static void do_line(struct run *r)
{
	char verb[32] = "", a[3][512] = {"", "", ""};
	struct watch_request q;

	sscanf(r->line, "%31s %511s %511s %511s", verb, a[0], a[1], a[2]);
	if (strcmp(verb, "send") == 0) {
		check_send(r, a[0]);
	} else if (strcmp(verb, "idle") == 0) {
		CHECK(r, !watch_next(&r->w, r->now_ns, &q));
	} else if (strcmp(verb, "probe") == 0) {
		CHECK(r, watch_probe(&r->w, r->now_ns, &q));
		expect_path(r, &q, a[0]);
	} else if (strcmp(r->line, "no probe") == 0) {
		CHECK(r, !watch_probe(&r->w, r->now_ns, &q));
	} else if (strcmp(verb, "wait") == 0) {
		check_wait(r, a[0]);
	} else if (strcmp(verb, "sleep") == 0) {
		r->now_ns += strtoull(a[0], NULL, 10) * NS_PER_MS;
	} else if (strcmp(verb, "overdue") == 0) {
		check_overdue(r);
	} else if (strcmp(r->line, "not overdue") == 0) {
		CHECK(r, !watch_overdue(&r->w, r->now_ns));
	} else if (strcmp(verb, "rv") == 0) {
		CHECK(r, strcmp(r->w.rv, a[0]) == 0);
	} else if (strcmp(r->line, "still unreachable") == 0) {
		CHECK(r, r->w.unreachable); /* the wait was not cut short */
	} else if (strcmp(verb, "state") == 0) {
		check_state(r, a[0]);
	} else if (strcmp(verb, "listed") == 0) {
		CHECK(r, r->w.listed == strtoull(a[0], NULL, 10));
		CHECK(r, r->w.expected == strtoull(a[1], NULL, 10));
	} else if (strcmp(verb, "count") == 0) {
		check_count(r, a[0], strtoull(a[1], NULL, 10));
	} else if (strcmp(verb, "unauthorized") == 0) {
		CHECK(r, r->w.unauthorized);
		r->w.unauthorized = false;
	} else if (strstr(r->line, "auditing") != NULL) {
		CHECK(r, r->w.auditing == (verb[0] == 'a'));
	} else {
		do_input(r, verb, a);
	}
}

static bool has(const char *words, const char *word)
{
	return strstr(words, word) != NULL;
}

/* Whatever jitter brings: each scenario with several seeds. */
START_TEST(dialogue)
{
	const struct scenario *s = &scenarios[_i];

	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct run r = {.now_ns = 1000 * NS_PER_S, .name = s->name};
		struct watch_options o = {.kind = KUBE_SERVICE,
			.namespace_ = "",
			.labels = "",
			.watch_list = has(s->options, "list"),
			.first_fresh = has(s->options, "fresh"),
			.audit_ns = has(s->options, "audit") ? 60 * NS_PER_S : 0,
			.speedup = 1,
			.stat = &stat};
		char *text = strdup(s->text), *save = NULL;

		if (has(s->options, "selectors")) {
			o.kind = KUBE_SLICE;
			o.namespace_ = "shop";
			o.labels = "a=b";
			o.lean = true;
		}
		memset((void *)&stat, 0, sizeof(stat));
		watch_init(&r.w, &o, seed * UINT64_C(0x9e3779b97f4a7c15), r.now_ns);
		for (r.line = strtok_r(text, "\n", &save); r.line != NULL;
			r.line = strtok_r(NULL, "\n", &save))
			do_line(&r);
		watch_fini(&r.w);
		free(text);
	}
}
END_TEST

/* Any calls in any order: no crash, no endless loop of requests without a wait. */
START_TEST(any_order)
{
	static const unsigned codes[] = {
		200, 200, 200, 400, 401, 403, 404, 410, 422, 429, 500, 504};
	uint64_t random = UINT64_C(88172645463325252) + (uint64_t)_i;
	struct run r = {.now_ns = NS_PER_S, .name = "any order", .line = ""};
	struct watch_options o = {.kind = KUBE_NAMESPACE,
		.namespace_ = "n",
		.labels = "",
		.watch_list = true,
		.audit_ns = NS_PER_S,
		.speedup = 1 + (unsigned)_i,
		.stat = &stat};
	struct watch_request q;
	char rv[32];

	watch_init(&r.w, &o, random, r.now_ns);
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t x = next_random(&random);
		struct kube_status s = {.code = codes[x >> 8 & 7],
			.reason = "",
			.message = "",
			.too_large = (x >> 16 & 1) != 0,
			.retry_after_s = x >> 20 & 3};

		snprintf(rv, sizeof(rv), "%llu", (unsigned long long)(x >> 24 & 63));
		if (watch_next(&r.w, r.now_ns, &q) || watch_probe(&r.w, r.now_ns, &q))
			mem_buf_fini(&q.path);
		if (!r.w.stream.open)
			r.now_ns = MAX(r.now_ns, watch_deadline(&r.w));
		else if (x % 8 == 0)
			watch_response(&r.w, codes[x >> 32 & 7], x >> 40 & 1, r.now_ns);
		else if (x % 8 == 1)
			watch_object(&r.w, rv, r.now_ns);
		else if (x % 8 == 2)
			watch_bookmark(&r.w, rv, (x & 64) != 0, r.now_ns);
		else if (x % 8 == 3)
			watch_list_end(&r.w, rv, (x & 64) != 0 ? "m" : "", x);
		else if (x % 8 == 4)
			watch_status(&r.w, &s);
		else if (x % 8 == 5)
			watch_end(&r.w, (enum watch_end)(x >> 44 & 3), r.now_ns);
		else if (x % 8 == 6 && r.w.probing)
			watch_probe_end(&r.w, rv, r.now_ns);
		else if (watch_overdue(&r.w, r.now_ns))
			watch_end(&r.w, WATCH_END_OVERDUE, r.now_ns);
		r.now_ns += x >> 56;
		ck_assert_uint_lt(strlen(r.w.rv), WATCH_RV_MAX);
	}
	watch_fini(&r.w);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("watch");

	tcase_add_loop_test(tc, dialogue, 0, ARRAY_LEN(scenarios));
	tcase_add_loop_test(tc, any_order, 0, 8);
	return run_case("watch", tc);
}
