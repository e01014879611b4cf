/*
 * terminal.h - a screen that is drawn anew, and single keys (shell)
 *
 * ANSI sequences and termios, no terminal data (OP-08). What is drawn must be printable
 * ASCII: whoever makes it escapes what strangers said.
 */
#ifndef CTL_TERMINAL_H
#define CTL_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

/* True if both standard input and output are terminals. */
bool terminal_is(void);

/*
 * Take the terminal over: keys come singly and are not shown, and the screen is another
 * one until terminal_leave(). A signal that ends the program gives it back first. 0 or
 * -errno.
 */
int terminal_enter(void);
void terminal_leave(void);

/* Columns and lines; 80 and 24 where nobody says. */
void terminal_size(unsigned *columns, unsigned *lines);

/*
 * Draw `text`, lines that end with '\n': what is too wide or too much is cut, the rest of
 * the screen emptied. False: nobody reads any more.
 */
bool terminal_draw(const char *text);

/*
 * Wait for a key, at most until `until_ns` (monotonic). The key; 0: it is time, or the
 * size has changed; -1: the program is to end.
 */
int terminal_key(uint64_t until_ns);

#endif
