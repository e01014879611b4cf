/*
 * park.pml - need, park, settle: ASK, SETTLED and HELLO with deaths anywhere (M-13)
 *
 * A worker parks queries in shared memory, a forwarder fetches outcomes, both may be killed
 * between any two of their steps, and any message may be lost. Outcomes are of the worst
 * kind: whoever arrived after one was stored may not use it. Time is a tick that comes only
 * when nothing else can happen: the worker's timer, which runs parked queries again and asks
 * again.
 *
 * What must hold:
 *   P1  a parked query is answered; deaths cost it no tick, a lost message one at most
 *   P2  a SETTLED of an older query never ends a newer one in the same place
 *   P3  a kill loses the query in the worker's hands (one here stands for a batch of 32),
 *       never a parked one
 *   P4  nobody gets an outcome that was stored before it asked, or another's
 *
 * Run by run.py with each of the mutants below, every one of which must break something.
 */
#ifndef QUERIES
#define QUERIES 2
#endif
#ifndef PLACES
#define PLACES 1
#endif
#ifndef QUESTIONS
#define QUESTIONS 1
#endif
#ifndef WORKER_KILLS
#define WORKER_KILLS 1
#endif
#ifndef FORWARDER_KILLS
#define FORWARDER_KILLS 1
#endif
#ifndef LOSSES
#define LOSSES 1
#endif
#define NOBODY 255
#define QUESTION(query) ((query) % QUESTIONS)

#ifdef MUTANT_NO_HELLO
#define HELLO_SAID false
#else
#define HELLO_SAID true
#endif

mtype = { ASK, SETTLED, HELLO };
mtype = { STORED, FULL };
mtype = { WAITS, ANSWERED, REFUSED, LOST };

/* Pairs, which the supervisor keeps: type, place, serial, query (its arrival), status. */
chan to_forwarder = [2] of { mtype, byte, byte, byte, mtype };
chan to_worker = [2] of { mtype, byte, byte, byte, mtype };

/* The park page, which the worker's successor adopts. */
typedef parking {
	bool parked;
	byte serial, query;
};
parking park[PLACES];
byte last_serial; /* stands in the page too */

/* The cache: is there an outcome that was stored since this query arrived? */
bool stored_since[QUERIES];

/* What the proof looks at. */
bool arrived[QUERIES];
mtype state[QUERIES] = WAITS;
byte ticks[QUERIES];
byte asked; /* queries that have come */
byte in_hand = NOBODY;
byte lost, fulls, losses_of_room;

bool kill_worker, kill_forwarder;
bool worker_waits, forwarder_waits;
bool in_flight[QUESTIONS]; /* of the living forwarder */
bool tick;

#if PLACES == 1
#define EACH_PLACE(what) what(0)
#define ALL_PARKED  park[0].parked
#define SOME_PARKED park[0].parked
#else
#define EACH_PLACE(what) what(0); what(1)
#define ALL_PARKED  (park[0].parked && park[1].parked)
#define SOME_PARKED (park[0].parked || park[1].parked)
#endif
#if QUESTIONS == 1
#define EACH_QUESTION(what) what(0)
#define FETCHING in_flight[0]
#else
#define EACH_QUESTION(what) what(0); what(1)
#define FETCHING (in_flight[0] || in_flight[1])
#endif

#define QUIET                                                                            \
	(worker_waits && forwarder_waits && empty(to_worker) && empty(to_forwarder) &&   \
		!FETCHING && !kill_worker && !kill_forwarder &&                          \
		(asked == QUERIES || ALL_PARKED))

/* A message is a hint: where there is no room it is gone. */
inline send(channel, type, at, number, whose, how)
{
	if
	:: nfull(channel) -> channel!type(at, number, whose, how)
	:: full(channel) -> losses_of_room++
	fi
}

/* ---- the worker ---- */

inline reply(whose, how)
{
	d_step {
		assert(arrived[whose]);
		assert(how != ANSWERED || stored_since[whose]); /* P4 */
		state[whose] = how /* again, if the last one died before it freed the place */
	}
}

inline finish(p, how)
{
#ifdef MUTANT_FREE_FIRST
	query = park[p].query;
	park[p].parked = false;
	reply(query, how);
#else
	reply(park[p].query, how);
	park[p].parked = false;
#endif
}

inline ask(p)
{
	send(to_forwarder, ASK, p, park[p].serial, park[p].query, STORED)
}

inline forget(p)
{
	park[p].parked = false
}

/* answer() again, from the start. */
inline again(p)
{
	if
#ifdef MUTANT_REUSE
	:: park[p].parked -> finish(p, ANSWERED)
#else
	:: park[p].parked && stored_since[park[p].query] -> finish(p, ANSWERED)
#endif
	:: else
	fi
}

inline run_and_ask(p)
{
	again(p);
	if
	:: park[p].parked -> ask(p)
	:: else
	fi
}

inline take(p)
{
	d_step {
		in_hand = asked;
		arrived[asked] = true;
		asked++
	}
#ifdef MUTANT_PARKED_FIRST
	park[p].parked = true;
#endif
	d_step {
		last_serial++;
		park[p].serial = last_serial
	}
	park[p].query = in_hand;
	d_step {
		park[p].parked = true;
		in_hand = NOBODY
	}
	ask(p)
}

inline on_settled(p, s, query, status)
{
	if
#ifdef MUTANT_NO_SERIAL
	:: park[p].parked ->
#else
	:: park[p].parked && park[p].serial == s ->
#endif
		if
		:: status == FULL ->
			assert(park[p].query == query); /* P2 */
			finish(p, REFUSED)
		:: else -> again(p)
		fi
	:: else
	fi
}

inline on_tick()
{
	d_step {
		p = 0;
		do
		:: p < PLACES ->
			if
			:: park[p].parked ->
				ticks[park[p].query]++;
				assert(ticks[park[p].query] <= lost + losses_of_room) /* P1 */
			:: else
			fi;
			p++
		:: else -> break
		od;
		tick = false
	}
#ifndef MUTANT_NO_TIMER
	EACH_PLACE(run_and_ask);
#endif
}

proctype worker()
{
	byte p, s, query;
	mtype status;

begin:
	{
#ifdef MUTANT_EMPTY_PARK
		EACH_PLACE(forget);
#endif
#ifdef MUTANT_SERIALS_ANEW
		last_serial = 0;
#endif
#ifndef MUTANT_NOT_ADOPTED
		EACH_PLACE(run_and_ask);
#endif
		do
		:: atomic { worker_waits = true;
end_idle:		if
			:: asked < QUERIES && !park[0].parked -> p = 0
#if PLACES == 2
			:: asked < QUERIES && !park[1].parked -> p = 1
#endif
			:: nempty(to_worker) -> p = NOBODY
			:: tick -> p = NOBODY
			fi;
			worker_waits = false }
			if
			:: p != NOBODY -> take(p)
			:: p == NOBODY && tick -> on_tick()
			:: p == NOBODY && !tick ->
				if
				:: to_worker?SETTLED(p, s, query, status) ->
					on_settled(p, s, query, status)
				:: to_worker?HELLO(p, s, query, status) ->
					EACH_PLACE(run_and_ask)
				:: empty(to_worker)
				fi
			fi
		od
	} unless {
		kill_worker ->
		d_step {
			kill_worker = false;
			worker_waits = false;
			tick = false;
			p = 0; s = 0; query = 0; status = 0;
			if
			:: in_hand != NOBODY -> state[in_hand] = LOST; in_hand = NOBODY
			:: else
			fi
		}
		goto begin
	}
}

/* ---- the forwarder ---- */

inline store(x)
{
	d_step {
		query = 0;
		do
		:: query < QUERIES ->
			stored_since[query] = stored_since[query] ||
				(arrived[query] && QUESTION(query) == x);
			query++
		:: else -> break
		od;
		query = 0
	}
}

inline settle(p)
{
	if
	:: waits[p] != 0 && QUESTION(who[p]) == settling -> send(to_worker, SETTLED, p, waits[p], who[p], STORED);
		waits[p] = 0
	:: else
	fi
}

inline on_reply(x)
{
	settling = x;
#ifdef MUTANT_SETTLED_FIRST
	EACH_PLACE(settle);
	store(x);
#else
	store(x);
	EACH_PLACE(settle);
#endif
	in_flight[x] = false;
	settling = 0
}

inline on_ask(p, s, query)
{
	if
	:: stored_since[query] -> send(to_worker, SETTLED, p, s, query, STORED)
	:: !stored_since[query] ->
		d_step {
			waits[p] = s;
			who[p] = query;
			in_flight[QUESTION(query)] = true
		}
	:: fulls == 0 -> fulls++; send(to_worker, SETTLED, p, s, query, FULL)
	fi
}

inline no_longer(x)
{
	in_flight[x] = false
}

inline no_waiter(p)
{
	waits[p] = 0;
	who[p] = 0
}

inline drain()
{
	do
	:: to_forwarder?ASK(p, s, query, status)
	:: empty(to_forwarder) -> break
	od
}

inline hello()
{
	if
	:: HELLO_SAID -> send(to_worker, HELLO, 0, 0, 0, STORED)
	:: else
	fi
}

proctype forwarder()
{
	byte p, s, query;
	mtype status;
	byte waits[PLACES], who[PLACES], settling;

begin:
	{
#ifdef MUTANT_HELLO_FIRST
		hello();
		drain();
#else
		drain();
		hello();
#endif
		do
		:: atomic { forwarder_waits = true;
end_idle:		(nempty(to_forwarder) || FETCHING);
			forwarder_waits = false }
			if
			:: to_forwarder?ASK(p, s, query, status) -> on_ask(p, s, query)
			:: in_flight[0] -> on_reply(0)
#if QUESTIONS == 2
			:: in_flight[1] -> on_reply(1)
#endif
			:: empty(to_forwarder) && !FETCHING /* it was lost */
			fi
		od
	} unless {
		kill_forwarder ->
		d_step {
			kill_forwarder = false;
			forwarder_waits = false;
			EACH_QUESTION(no_longer);
			EACH_PLACE(no_waiter);
			settling = 0;
			p = 0; s = 0; query = 0; status = 0
		}
		goto begin
	}
}

/* ---- faults, time, and the end ---- */

proctype faults()
{
	byte w, f, p, s, query;
	mtype type, status;

end:	do
	:: w < WORKER_KILLS -> d_step { w++; kill_worker = true }
	:: f < FORWARDER_KILLS -> d_step { f++; kill_forwarder = true }
	:: d_step { lost < LOSSES && nempty(to_worker) ->
		to_worker?type(p, s, query, status); lost++; type = 0; p = 0; s = 0; query = 0;
		status = 0 }
	:: d_step { lost < LOSSES && nempty(to_forwarder) ->
		to_forwarder?type(p, s, query, status); lost++; type = 0; p = 0; s = 0; query = 0;
		status = 0 }
	:: QUIET && asked == QUERIES -> break
	od
}

proctype time()
{
end:	do
	:: d_step { QUIET && !tick && SOME_PARKED -> tick = true }
	od
}

proctype judge()
{
	byte i, gone;

	d_step { QUIET && !tick && asked == QUERIES && !SOME_PARKED &&
		in_hand == NOBODY ->
		i = 0;
		do
		:: i < QUERIES ->
			assert(state[i] != WAITS); /* P3 */
			gone = gone + (state[i] == LOST -> 1 : 0);
			i++
		:: else -> break
		od;
		assert(gone <= WORKER_KILLS)
	}
}

init {
	atomic { run worker(); run forwarder(); run faults(); run time(); run judge() }
}
