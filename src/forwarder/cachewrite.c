#include "forwarder/cachewrite.h"
