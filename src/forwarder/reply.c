#include "forwarder/reply.h"
