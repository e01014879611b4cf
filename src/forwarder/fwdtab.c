#include "forwarder/fwdtab.h"
