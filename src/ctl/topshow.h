/*
 * topshow.h - what the forms of a frame of shmdnsctl top share
 */
#ifndef CTL_TOPSHOW_H
#define CTL_TOPSHOW_H

#include "ctl/topframe.h"

#define TOPSHOW_KEY NAME_TEXT_MAX

/* Queries a second that a weight of samples stands for. */
double topshow_per_s(const struct topframe *f, double weight);

/* A part of all, 0 where there is nothing. */
double topshow_share(double part, double all);

/* The key of an item as printable text. */
void topshow_key(enum tally_by by, const struct sketch_item *it, char out[TOPSHOW_KEY]);

#endif
