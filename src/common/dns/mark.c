#include "dns/mark.h"
