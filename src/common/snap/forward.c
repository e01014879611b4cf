#include "snap/forward.h"
