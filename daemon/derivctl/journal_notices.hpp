// Owns what a command says of a journal that it could read, but perhaps not to its end.
#pragma once

#include "store/journal.hpp"

namespace derivd::ctl {

/// One warning a notice, on standard error. To be called when the questions have been asked.
void tell_notices(store::Journal& journal);

}  // namespace derivd::ctl
