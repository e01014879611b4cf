#include "cache/ask.h"
